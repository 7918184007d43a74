package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// templates are what workflows are full of, in both languages.
var templates = []struct{ name, yaql, jinja string }{
	{"a variable", "<% $.name %>", "{{ _.name }}"},
	{"a path", "<% $.server.flavor.ram %>", "{{ _.server.flavor.ram }}"},
	{"a condition", "<% $.count > 5 and $.name != null %>", "{{ _.count > 5 and _.name != none }}"},
	{"mixed text", "server <% $.name %> has <% $.server.flavor.ram %> MB", "server {{ _.name }} has {{ _.server.flavor.ram }} MB"},
	{"100 names", "<% $.servers.select($.name) %>", "{{ _.servers | map(attribute='name') | list }}"},
	{"100 filtered", "<% $.servers.where($.ram > 1000).select($.name) %>", "{{ _.servers | selectattr('ram', '>', 1000) | map(attribute='name') | list }}"},
	{"a dictionary", "<% {name => $.name, ram => $.server.flavor.ram} %>", "{{ {'name': _.name, 'ram': _.server.flavor.ram } }}"},
	{"text methods", "<% $.name.toUpper().replace('-', '_') %>", "{{ _.name.upper().replace('-', '_') }}"},
}

func expressionData() *value.Map {
	servers := make([]any, 100)
	for i := range servers {
		servers[i] = value.MapOf("id", i, "name", fmt.Sprintf("server-%d", i), "ram", i%7*512)
	}
	m := value.MapOf("name", "web-1", "count", 7, "server", map[string]any{"flavor": map[string]any{"ram": 2048}})
	m.Set("servers", servers)
	return m
}

// expressions prints what one evaluation of a template costs, its parsing
// included, beside what it costs in Mistral.
func expressions(ctx context.Context, _ string) error {
	python, err := mistralPython()
	if err != nil {
		return err
	}
	if python == "" {
		fmt.Println("expressions: left out, there is no Python with Mistral; make mistral-golden makes .venv/mistral, MISTRAL_VENV names another")
		return nil
	}
	data := expressionData()
	var all []string
	for _, t := range templates {
		all = append(all, t.yaql, t.jinja)
	}
	theirs, err := measureMistral(ctx, python, all, data)
	if err != nil {
		return err
	}
	fmt.Println("expressions, ns per evaluation:      YAQL    Mistral  times     Jinja2    Mistral  times")
	for i, t := range templates {
		var ours [2]float64
		for j, src := range []string{t.yaql, t.jinja} {
			if ours[j], err = measureTemplate(ctx, src, data); err != nil {
				return err
			}
		}
		fmt.Printf("  %-28s %10.0f %10.0f %6.0f %10.0f %10.0f %6.0f\n", t.name,
			ours[0], theirs[2*i], theirs[2*i]/ours[0], ours[1], theirs[2*i+1], theirs[2*i+1]/ours[1])
	}
	return nil
}

// mistralPython is the Python of an environment with Mistral, or empty.
func mistralPython() (string, error) {
	venv := os.Getenv("MISTRAL_VENV")
	if venv == "" {
		venv = filepath.Join(".venv", "mistral")
	}
	python := filepath.Join(venv, "bin", "python")
	_, err := os.Stat(python)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return python, err
}

// measureMistral has Mistral's evaluator take the same templates and data.
func measureMistral(ctx context.Context, python string, templates []string, data any) ([]float64, error) {
	in, err := json.Marshal(map[string]any{"templates": templates, "data": data})
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, python, "scripts/mistral/bench_expressions.py")
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("measuring Mistral: %w\n%s", err, &stderr)
	}
	var ns []float64
	if err := json.Unmarshal(out, &ns); err != nil || len(ns) != len(templates) {
		return nil, fmt.Errorf("measuring Mistral: %d figures for %d templates: %w", len(ns), len(templates), err)
	}
	return ns, nil
}

// measureTemplate is the best of three rounds, in ns per evaluation.
func measureTemplate(ctx context.Context, src string, data any) (float64, error) {
	scope := &expr.Scope{Data: data}
	best := 0.0
	for range 3 {
		n := 0
		start := time.Now()
		for time.Since(start) < 100*time.Millisecond {
			for range 20 {
				if _, err := expr.EvalTree(ctx, src, scope); err != nil {
					return 0, err
				}
				n++
			}
		}
		if ns := float64(time.Since(start).Nanoseconds()) / float64(n); best == 0 || ns < best {
			best = ns
		}
	}
	return best, nil
}
