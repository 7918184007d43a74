package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/compile"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/lint"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"golang.org/x/term"
)

// maxFile is the largest workflow file that is read, in bytes.
const maxFile = 16 << 20

// lintFlags say what becomes of warnings.
type lintFlags struct {
	Ignore []string `sep:"," placeholder:"ID" help:"Do not show warnings with this id (repeatable)."`
	Strict bool     `help:"Let warnings fail the command, with status 2."`
}

// load reads and compiles workflow files. It prints all diagnostics; the error
// is there if one of them is an error, or a warning that counts as one. env is
// the environment to run them with, if any.
func (a *app) load(paths []string, flags lintFlags, env *value.Map) ([]*compile.Workflow, error) {
	registry, err := actions.NewRegistry()
	if err != nil {
		return nil, err
	}
	var files []*dsl.File
	var diags dsl.Diagnostics
	sources := map[string][]byte{}
	for _, path := range paths {
		src, err := readFile(path)
		if err != nil {
			return nil, &exitError{exitUsage, err}
		}
		sources[path] = src
		f, ds := dsl.Parse(path, src, dsl.Options{})
		diags = append(diags, ds...)
		if f != nil {
			files = append(files, f)
		}
	}
	var out []*compile.Workflow
	if len(files) == len(paths) { // else there would be unknown names for what was not read
		var ds dsl.Diagnostics
		out, ds = compile.Files(files, compile.Options{Registry: registry, CheckOnly: diags.HasErrors(), Env: env})
		if !diags.HasErrors() {
			diags = append(diags, lint.Check(files)...)
		}
		diags = append(diags, ds...)
	}
	diags = lint.Silence(diags, sources, flags.Ignore)
	if err := a.report(diags, sources); err != nil {
		return nil, err
	}
	unknown := lint.Unknown(flags.Ignore)
	for _, id := range unknown {
		fmt.Fprintf(a.err, "warning: --ignore %s: there is no such warning%s\n", id, didYouMean(lint.Suggest(id)))
	}
	if diags.HasErrors() || flags.Strict && len(diags)+len(unknown) > 0 {
		return nil, &exitError{status: exitUsage}
	}
	return out, nil
}

func didYouMean(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", name)
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(src) > maxFile {
		return nil, fmt.Errorf("%s is larger than %d MiB", path, maxFile>>20)
	}
	return src, nil
}

func (a *app) report(diags dsl.Diagnostics, sources map[string][]byte) error {
	if len(diags) == 0 {
		return nil
	}
	opts := dsl.RenderOptions{}
	if f, ok := terminal(a.err); ok {
		opts.Color = os.Getenv("NO_COLOR") == ""
		if w, _, err := term.GetSize(int(f.Fd())); err == nil {
			opts.Width = w
		}
	}
	return dsl.Render(a.err, diags, sources, opts)
}

// terminal returns the terminal that w is, if it is one.
func terminal(w io.Writer) (*os.File, bool) {
	f, ok := w.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// pick returns the workflow that the user means.
func pick(all []*compile.Workflow, name string) (*compile.Workflow, error) {
	if name != "" {
		for _, w := range all {
			if w.Name == name {
				return w, nil
			}
		}
		return nil, usage("there is no workflow %q in these files; there are %s", name, names(all))
	}
	switch len(all) {
	case 0:
		return nil, &exitError{exitUsage, errors.New("there is no workflow in these files")}
	case 1:
		return all[0], nil
	}
	if w := root(all); w != nil {
		return w, nil
	}
	return nil, usage("these files have several workflows: choose one with --workflow: %s", names(all))
}

// root is the one workflow of several that no other calls, if there is one.
func root(all []*compile.Workflow) *compile.Workflow {
	called := map[string]bool{}
	for _, w := range all {
		for _, t := range w.Source.Tasks {
			if t.Workflow != nil {
				called[t.Workflow.Name] = true
			}
		}
	}
	var found *compile.Workflow
	for _, w := range all {
		if called[w.Name] || called[w.Source.Name] {
			continue
		}
		if found != nil {
			return nil
		}
		found = w
	}
	return found
}

func names(all []*compile.Workflow) string {
	s := ""
	for i, w := range all {
		if i > 0 {
			s += ", "
		}
		s += w.Name
	}
	return s
}
