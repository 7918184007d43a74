// Command serve starts a sandbox on an address that containers can reach and
// writes into a folder, for scripts/sam-local.sh, the events filled in for it,
// how each is expected to end, and the secrets that they need. It runs until it
// is ended.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/sirocco-workflows/sirocco/shared/sandbox"
	"github.com/sirocco-workflows/sirocco/test/events"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address of the sandbox")
	dir := flag.String("events", "events", "folder of the events")
	out := flag.String("out", "", "folder to write to")
	flag.Parse()
	if err := run(*listen, *dir, *out); err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

func run(listen, dir, out string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	sb, err := sandbox.Start(ctx, sandbox.Options{Listen: listen})
	if err != nil {
		return err
	}
	values, err := events.ValuesOf(ctx, sb)
	if err != nil {
		return err
	}
	all, err := events.Load(dir, values)
	if err != nil {
		return err
	}
	expected := ""
	for _, e := range all {
		if err := write(out, e.Name+".json", string(e.Body)); err != nil {
			return err
		}
		expected += e.Name + " " + events.Expected(e.Name) + "\n"
	}
	secrets, err := events.Secrets(sb)
	if err != nil {
		return err
	}
	for name, text := range secrets {
		if err := write(out, filepath.Base(name)+".secret", text); err != nil {
			return err
		}
	}
	if err := write(out, "expected", expected); err != nil {
		return err
	}
	// The last file says that the others are complete.
	if err := write(out, "auth_url", values["AUTH_URL"]); err != nil {
		return err
	}
	<-sb.Done()
	return nil
}

func write(dir, name, text string) error {
	return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)
}
