package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/test/mistralfuzz/generate"
)

// mistral is a Python process that answers what Mistral does
// (scripts/mistral/answer.py). It is not safe for concurrent use.
type mistral struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startMistral(venv string) (*mistral, error) {
	cmd := exec.Command("python3", "scripts/mistral/answer.py", "--venv", venv)
	cmd.Stderr = os.Stderr
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
	m := &mistral{cmd: cmd, in: in, out: bufio.NewReaderSize(out, 1<<20)}
	if _, err := m.read(); err != nil {
		return nil, fmt.Errorf("scripts/mistral/answer.py does not start: %w", err)
	}
	return m, nil
}

func (m *mistral) stop() error {
	m.in.Close()
	return m.cmd.Wait()
}

func (m *mistral) read() (*value.Map, error) {
	line, err := m.out.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	v, err := value.Decode(line)
	if err != nil {
		return nil, err
	}
	return v.(*value.Map), nil
}

func (m *mistral) ask(question map[string]any) (*value.Map, error) {
	body, err := json.Marshal(question)
	if err != nil {
		return nil, err
	}
	if _, err := m.in.Write(append(body, '\n')); err != nil {
		return nil, err
	}
	return m.read()
}

// run is how a case ends. Shuffle 0 does one thing after the other; with any
// other number the order of what may happen at the same time is random.
func (m *mistral) run(c generate.Case, shuffle uint64) (*value.Map, error) {
	var definitions []string
	for _, text := range c.Files() {
		definitions = append(definitions, string(text))
	}
	return m.ask(map[string]any{"definitions": definitions, "input": c.Input, "params": c.Params, "shuffle": shuffle, "arrivals": true})
}

// rejected reports why a text is turned down, "" if it is not.
func (m *mistral) rejected(text []byte) (string, error) {
	a, err := m.ask(map[string]any{"validate": string(text)})
	if err != nil {
		return "", err
	}
	reason, _ := a.Get("rejected")
	s, _ := reason.(string)
	return s, nil
}

// evaluate gives a {"value"} or {"error"} for each expression.
func (m *mistral) evaluate(expressions []string, data *value.Map) ([]any, error) {
	a, err := m.ask(map[string]any{"expressions": expressions, "data": data})
	if err != nil {
		return nil, err
	}
	results, _ := a.Get("results")
	list, _ := results.([]any)
	if len(list) != len(expressions) {
		return nil, fmt.Errorf("%d results for %d expressions", len(list), len(expressions))
	}
	return list, nil
}
