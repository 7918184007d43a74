package lint_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sirocco-workflows/sirocco/shared/lint"
)

var update = flag.Bool("update", false, "write the golden files anew")

// reporters are the functions whose first argument is a diagnostic's id.
var reporters = []string{"errorf", "warnf", "report"}

// TestKinds holds the list of ids to those that the code reports.
func TestKinds(t *testing.T) {
	reported := map[string]bool{}
	as := map[string]bool{} // "warnf id"
	for _, dir := range []string{"../dsl", "../compile", "."} {
		for id, function := range idsIn(t, dir) {
			reported[id] = true
			as[function+" "+id] = true
		}
	}
	listed := map[string]bool{}
	for _, k := range lint.Kinds() {
		listed[k.ID] = true
		if !reported[k.ID] {
			t.Errorf("nothing reports %q", k.ID)
		}
		if as["errorf "+k.ID] && !k.Error || as["warnf "+k.ID] && !k.Warning {
			t.Errorf("%q is reported with another severity than kinds.go has", k.ID)
		}
		if !k.Error && !k.Warning || k.Text == "" || strings.HasSuffix(k.Text, ".") {
			t.Errorf("%q: %+v", k.ID, k)
		}
	}
	for id := range reported {
		if !listed[id] {
			t.Errorf("%q is reported, but kinds.go does not list it", id)
		}
	}
	if !slices.IsSortedFunc(lint.Kinds(), func(a, b lint.Kind) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("kinds.go is not in order")
	}
}

// idsIn finds the ids in the code of a package, each with the function that it is
// given to, if any.
func idsIn(t *testing.T, dir string) iter.Seq2[string, string] {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no code: %v", dir, err)
	}
	return func(yield func(string, string) bool) {
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for n := range ast.Preorder(file) {
				if id, function := idOf(n); id != "" && !yield(id, function) {
					return
				}
			}
		}
	}
}

// idOf is the id that a piece of code reports: f("id", ...), {id: "id"}, or
// id := "id".
func idOf(n ast.Node) (id, function string) {
	switch n := n.(type) {
	case *ast.CallExpr:
		sel, ok := n.Fun.(*ast.SelectorExpr)
		if ok && slices.Contains(reporters, sel.Sel.Name) && len(n.Args) > 1 {
			return text(n.Args[0]), sel.Sel.Name
		}
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok && strings.EqualFold(key.Name, "id") {
			return text(n.Value), ""
		}
	case *ast.AssignStmt:
		if name, ok := n.Lhs[0].(*ast.Ident); ok && name.Name == "id" && len(n.Lhs) == 1 {
			return text(n.Rhs[0]), ""
		}
	}
	return "", ""
}

// text is the id that a literal is, or "".
func text(n ast.Expr) string {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	s, err := strconv.Unquote(lit.Value)
	if err != nil || strings.ContainsAny(s, " %/") {
		return ""
	}
	return s
}

const docs = "../../docs/diagnostics.md"

// TestDocs holds docs/diagnostics.md to the list; -update writes its table anew.
func TestDocs(t *testing.T) {
	old, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := strings.Cut(string(old), "| id |")
	if !ok {
		t.Fatalf("%s has no table", docs)
	}
	want := head + table()
	if *update {
		if err := os.WriteFile(docs, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(old)); diff != "" {
		t.Error(diff)
	}
}

func table() string {
	var b strings.Builder
	b.WriteString("| id | | what it says |\n|---|---|---|\n")
	for _, k := range lint.Kinds() {
		severity := "error"
		switch {
		case k.Error && k.Warning:
			severity = "error or warning"
		case k.Warning:
			severity = "warning"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.ID, severity, k.Text)
	}
	return b.String()
}
