package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// clients is the Python process with Mistral's classes and the clients
// (scripts/clients/drive.py). It is not safe for concurrent use.
type clients struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startClients(venv, base string) (*clients, error) {
	var python strings.Builder
	make := exec.Command("scripts/clients/venv.sh", venv)
	make.Stdout, make.Stderr = &python, os.Stderr
	if err := make.Run(); err != nil {
		return nil, fmt.Errorf("scripts/clients/venv.sh: %w", err)
	}
	script, err := filepath.Abs("scripts/clients/drive.py")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(strings.TrimSpace(python.String()), script, "--base", base)
	cmd.Stderr = os.Stderr
	if cmd.Dir, err = os.MkdirTemp("", "clientfuzz"); err != nil { // swift's client writes files
		return nil, err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &clients{cmd: cmd, in: in, out: bufio.NewReaderSize(out, 1<<20)}, nil
}

func (c *clients) stop() error {
	c.in.Close()
	defer func() { _ = os.RemoveAll(c.cmd.Dir) }()
	return c.cmd.Wait()
}

// ask puts a question and returns the error that the client raised, "" if none.
func (c *clients) ask(question *value.Map) (string, error) {
	if _, err := c.in.Write(append(value.MustEncode(question), '\n')); err != nil {
		return "", err
	}
	line, err := c.out.ReadBytes('\n')
	if err != nil {
		return "", fmt.Errorf("the clients' process ended: %w", err)
	}
	var answer struct{ Error string }
	if err := json.Unmarshal(line, &answer); err != nil {
		return "", fmt.Errorf("%q: %w", line, err)
	}
	return answer.Error, nil
}

// prepare makes the client of a service, so that what it asks for its version
// is not among a call's requests.
func (c *clients) prepare(service string) error {
	raised, err := c.ask(value.MapOf("prepare", service))
	if err == nil && raised != "" {
		err = fmt.Errorf("the client of %s: %s", service, raised)
	}
	return err
}

func (c *clients) perform(k call) (string, error) {
	return c.ask(value.MapOf("action", k.Action, "kwargs", k.Input))
}
