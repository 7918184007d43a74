// Command sirocco runs OpenStack Mistral workflows across the regions of one or
// several clouds, and compiles them to AWS Step Functions definitions.
//
// Results go to stdout, everything else to stderr. The exit status is 0 for
// success, 1 if the execution or the action ended in an error, 2 for bad usage
// or an invalid workflow, and 3 for an execution that is paused or was stopped
// and can be resumed.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit statuses.
const (
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitStopped = 3
)

func main() {
	os.Exit(Main())
}

// Main runs the command line of this process and returns the exit status.
func Main() int {
	for _, name := range []string{"SIROCCO_STORE", "SIROCCO_MULTI_CLOUD", "SIROCCO_ALLOWED_AUTH_URIS", "SIROCCO_OPEN_HOSTS"} {
		if os.Getenv(name) == "" {
			os.Unsetenv(name) // an empty variable is the same as none
		}
	}
	return run(os.Args[1:], &app{in: os.Stdin, out: os.Stdout, err: os.Stderr})
}

// app is what all commands share.
type app struct {
	in       io.Reader
	out, err io.Writer
}

// cli is the command line.
type cli struct {
	Validate   validateCmd   `cmd:"" help:"Check workflow files and show everything that is wrong with them."`
	Compile    compileCmd    `cmd:"" help:"Compile workflows to Step Functions definitions."`
	Run        runCmd        `cmd:"" help:"Run a workflow in this process."`
	Action     actionCmd     `cmd:"" help:"Look at actions, or run one by hand."`
	Cloud      cloudCmd      `cmd:"" help:"Look at the configured clouds."`
	Execution  executionCmd  `cmd:"" help:"Look at what the store holds of executions."`
	Credential credentialCmd `cmd:"" help:"Keep credentials, sealed, for runs to refer to."`
	Sandbox    sandboxCmd    `cmd:"" help:"Start simulated clouds to try things on."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
}

// exitError ends the command with a status; err, if any, is printed first.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// helpShown ends kong's own exits (after --help) without ending the process.
type helpShown int

func run(args []string, a *app) (status int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait for anything
	defer func() {
		if r := recover(); r != nil {
			code, ok := r.(helpShown)
			if !ok {
				panic(r)
			}
			status = int(code)
		}
	}()
	var c cli
	parser, err := kong.New(&c,
		kong.Name("sirocco"),
		kong.Description("OpenStack Mistral workflows, across every region of every cloud."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(a.out, a.err),
		kong.Exit(func(code int) { panic(helpShown(code)) }),
		kong.Bind(a),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		fmt.Fprintln(a.err, "sirocco:", err)
		return exitUsage
	}
	k, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(a.err, "sirocco: %s\n", usageHint(err))
		return exitUsage
	}
	return a.status(k.Run())
}

// usageHint is what is wrong with a command line, and where to read how it is
// written.
func usageHint(err error) string {
	text, command := err.Error(), "sirocco"
	if missing, ok := strings.CutPrefix(text, "expected \"<"); ok {
		text = "missing argument <" + strings.TrimSuffix(missing, "\"")
	}
	if parse := (*kong.ParseError)(nil); errors.As(err, &parse) {
		for _, p := range parse.Context.Path {
			if p.Command != nil {
				command += " " + p.Command.Name
			}
		}
	}
	return fmt.Sprintf("%s (see %s --help)", text, command)
}

// status prints an error and returns its exit status.
func (a *app) status(err error) int {
	if err == nil {
		return exitOK
	}
	status := exitFailed
	if e := (*exitError)(nil); errors.As(err, &e) {
		status = e.status
		if e.err == nil {
			return status
		}
	}
	for line := range strings.Lines(err.Error()) { // several of joined errors
		fmt.Fprintln(a.err, "sirocco:", strings.TrimRight(line, "\n"))
	}
	return status
}
