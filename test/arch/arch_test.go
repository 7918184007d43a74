// Package arch holds the module to its architecture: which package may import
// which, what a function must not link, and what no file may hold.
package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/sirocco-workflows/sirocco/"

// layers says for each package under shared/ which others under shared/ it and
// its subpackages may import; their own they always may. Imports point down: no
// package is listed by one that it lists. A subpackage with an entry of its own
// is a layer of its own.
var layers = map[string][]string{
	"value":        {},
	"dsl/yaml":     {"value"},
	"dsl/spell":    {},
	"dsl":          {"dsl/yaml", "dsl/spell", "value"},
	"yaql":         {"value"},
	"asl":          {"value"},
	"openstack":    {"value"},
	"step":         {"value"},
	"store":        {"value"},
	"jinja":        {"yaql", "value"},
	"expr":         {"jinja", "yaql", "dsl/yaml", "dsl/spell", "value"},
	"actions":      {"openstack", "value"},
	"engine":       {"actions", "store", "expr", "yaql", "dsl/spell", "openstack", "step", "value"},
	"compile":      {"dsl", "dsl/yaml", "dsl/spell", "asl", "expr", "yaql", "actions", "step", "value"},
	"lint":         {"dsl", "dsl/yaml", "dsl/spell", "expr", "value"},
	"local":        {"local/interp", "asl", "compile", "dsl", "engine", "store", "actions", "openstack", "step", "value"},
	"local/interp": {"asl", "value"},
	"function":     {"engine", "store", "actions", "openstack", "step", "value"},
	"sandbox":      {"value"},
}

type pkg struct {
	ImportPath string
	Name       string
	Imports    []string
	Standard   bool
}

func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Name,Imports,Standard"}, args...)...)
	cmd.Dir = root(t)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// layer is the longest entry of layers that the path lies in.
func layer(path string) string {
	rel, ok := strings.CutPrefix(path, module+"shared/")
	if !ok {
		return ""
	}
	best := ""
	for name := range layers {
		if (rel == name || strings.HasPrefix(rel, name+"/")) && len(name) > len(best) {
			best = name
		}
	}
	return best
}

func TestImportsPointDown(t *testing.T) {
	for _, p := range list(t, "./...") {
		if !strings.HasPrefix(p.ImportPath, module+"shared/") {
			continue
		}
		from := layer(p.ImportPath)
		if from == "" {
			t.Errorf("%s stands in no layer: say in this test what it may import", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			rel, ours := strings.CutPrefix(imported, module)
			if !ours {
				continue
			}
			to := layer(imported)
			if to == from || slices.Contains(layers[from], to) {
				continue
			}
			t.Errorf("%s imports %s: %s may import only %v", p.ImportPath, rel, from, layers[from])
		}
	}
}

// TestSandboxIsOutside: nothing of the product knows the sandbox, but for the
// command that starts it.
func TestSandboxIsOutside(t *testing.T) {
	for _, p := range list(t, "./...") {
		rel := strings.TrimPrefix(p.ImportPath, module)
		if rel == "cmd/sirocco" || strings.HasPrefix(rel, "cmd/sirocco/") || strings.HasPrefix(rel, "test/") || layer(p.ImportPath) == "sandbox" {
			continue
		}
		for _, imported := range p.Imports {
			if layer(imported) == "sandbox" {
				t.Errorf("%s imports the sandbox", rel)
			}
		}
	}
}

// TestFunctionsStaySmall: what only the command line needs must not be linked
// into the functions, where it would cost at every cold start.
func TestFunctionsStaySmall(t *testing.T) {
	banned := []string{
		"go.etcd.io/bbolt", "modernc.org", "github.com/recolabs/gnata", "github.com/alecthomas/kong", "charm.land", "testing",
		module + "shared/store/embedded", module + "shared/store/keyfile",
		module + "shared/compile", module + "shared/local", module + "shared/sandbox",
	}
	deps := list(t, "-deps", "./functions/...")
	if len(deps) < 50 {
		t.Fatalf("only %d packages in the functions", len(deps))
	}
	for _, p := range deps {
		if layer(p.ImportPath) == "dsl" {
			t.Errorf("the functions link the parser of workflows, %s", p.ImportPath)
		}
		for _, b := range banned {
			if p.ImportPath == b || strings.HasPrefix(p.ImportPath, b+"/") {
				t.Errorf("the functions link %s", p.ImportPath)
			}
		}
	}
}

// TestMainsAreThin: a function's main only wires.
func TestMainsAreThin(t *testing.T) {
	mains, err := filepath.Glob(filepath.Join(root(t), "functions", "*", "*.go"))
	if err != nil || len(mains) == 0 {
		t.Fatal("no functions", err)
	}
	for _, file := range mains {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(file) != "main.go" {
			t.Errorf("%s: a function has nothing but main.go", file)
		}
		if lines := bytes.Count(text, []byte("\n")); lines > 40 {
			t.Errorf("%s has %d lines", file, lines)
		}
	}
}

func TestNamesSaySomething(t *testing.T) {
	for _, p := range list(t, "./...") {
		if slices.Contains([]string{"utils", "util", "common", "types", "helpers", "misc", "base"}, p.Name) {
			t.Errorf("%s: the name %s says nothing", p.ImportPath, p.Name)
		}
	}
}

// TestNoPathsOfThisMachine: no file names the folder that it happens to lie in.
func TestNoPathsOfThisMachine(t *testing.T) {
	dir := root(t)
	cmd := exec.Command("git", "ls-files", "-coz", "--exclude-standard")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Skip("not a git work tree: ", err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue // removed, or a folder
		}
		if bytes.Contains(text, []byte(dir+"/")) {
			t.Errorf("%s holds the path %s", name, dir)
		}
	}
}
