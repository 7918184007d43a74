package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/compile"
)

type validateCmd struct {
	Files []string `arg:"" help:"Workflow files, workbooks, and files with what they call." type:"path"`
	lintFlags
}

// Run checks the files.
func (c *validateCmd) Run(a *app) error {
	all, err := a.load(relative(c.Files), c.lintFlags, nil)
	if err != nil {
		return err
	}
	for _, w := range all {
		fmt.Fprintf(a.out, "%s: valid (%s)\n", w.Name, count(len(w.Spec.Tasks), "task"))
	}
	return nil
}

// relative shows paths as the user is used to them.
func relative(paths []string) []string {
	wd, err := os.Getwd()
	if err != nil {
		return paths
	}
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = p
		if rel, err := filepath.Rel(wd, p); err == nil && !strings.HasPrefix(rel, "..") {
			out[i] = rel
		}
	}
	return out
}

type compileCmd struct {
	Files  []string `arg:"" help:"Workflow files, workbooks, and files with what they call." type:"path"`
	Output string   `short:"o" placeholder:"DIR" help:"Write one file NAME.asl.json for each workflow there." type:"path"`
	Report bool     `help:"Show what the workflows become and cost, instead of the definitions."`
	JSON   bool     `name:"json" help:"With --report, print one JSON document."`
	lintFlags
}

// Run compiles the files.
func (c *compileCmd) Run(a *app) error {
	all, err := a.load(relative(c.Files), c.lintFlags, nil)
	if err != nil {
		return err
	}
	if c.Report && c.Output == "" {
		return a.printReports(all, c.JSON)
	}
	if c.JSON {
		return usage("--json goes with --report; a definition is JSON anyway")
	}
	if c.Report {
		return usage("--report shows what -o DIR would write: give one of them")
	}
	if c.Output == "" {
		return c.print(a, all)
	}
	if err := os.MkdirAll(c.Output, 0o777); err != nil {
		return err
	}
	for _, w := range all {
		text, err := asl.Format(w.Definition)
		if err != nil {
			return err
		}
		path := filepath.Join(c.Output, fileName(w.Name)+".asl.json")
		if err := os.WriteFile(path, text, 0o666); err != nil {
			return err
		}
		fmt.Fprintf(a.err, "%s (%s form)\n", relative([]string{path})[0], w.Form())
	}
	return nil
}

func (c *compileCmd) print(a *app, all []*compile.Workflow) error {
	if len(all) > 1 {
		return usage("these files have %d workflows: give a directory with -o DIR", len(all))
	}
	for _, w := range all {
		text, err := asl.Format(w.Definition)
		if err != nil {
			return err
		}
		if _, err := a.out.Write(text); err != nil {
			return err
		}
	}
	return nil
}

// fileName keeps a workflow's name from naming anything but a file.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || r < ' ' {
			return '_'
		}
		return r
	}, name)
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(a *app) error {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
	}
	_, err := fmt.Fprintln(a.out, "sirocco", version)
	return err
}
