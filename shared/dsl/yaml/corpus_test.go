package yaml

import (
	"encoding/json"
	"math"
	"math/big"
	"os"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestCorpus holds the reader to what Mistral's loader makes of the texts of
// testdata/corpus.json (see scripts/mistral/language.py).
func TestCorpus(t *testing.T) {
	data, err := os.ReadFile("testdata/corpus.json")
	if err != nil {
		t.Fatal(err)
	}
	var corpus []struct {
		Src   string
		Value any
		Error *string
	}
	if err := json.Unmarshal(data, &corpus); err != nil {
		t.Fatal(err)
	}
	if len(corpus) < 300 {
		t.Fatalf("only %d texts", len(corpus))
	}
	for _, c := range corpus {
		root, errs := Parse("in.yaml", []byte(c.Src), Options{})
		if stricter(errs) {
			continue
		}
		if (c.Error != nil) != (len(errs) > 0) {
			t.Errorf("%q: errors %v, Mistral's %v", c.Src, errs, deref(c.Error))
			continue
		}
		if c.Error != nil {
			continue
		}
		if got := typed(root); !reflect.DeepEqual(got, c.Value) {
			t.Errorf("%q (-Mistral +ours):\n%s", c.Src, cmp.Diff(c.Value, got))
		}
	}
}

// stricter says that only a key given twice was found, which Python lets pass.
func stricter(errs []*Error) bool {
	for _, e := range errs {
		if e.Advice != "remove one of the two" {
			return false
		}
	}
	return len(errs) > 0
}

func deref(s *string) string {
	if s == nil {
		return "none"
	}
	return *s
}

// typed is the form of values in the corpus.
func typed(n *Node) any {
	if n == nil {
		return []any{"null"}
	}
	switch n.Kind {
	case Map:
		pairs := []any{}
		for _, e := range n.Entries {
			pairs = append(pairs, []any{typed(e.Key), typed(e.Value)})
		}
		return []any{"map", pairs}
	case List:
		items := []any{}
		for _, e := range n.Items {
			items = append(items, typed(e))
		}
		return []any{"list", items}
	}
	switch v := n.scalar.(type) {
	case nil:
		return []any{"null"}
	case bool:
		return []any{"bool", v}
	case int64:
		return []any{"int", strconv.FormatInt(v, 10)}
	case *big.Int:
		return []any{"int", v.String()}
	case float64:
		switch {
		case math.IsNaN(v):
			return []any{"float", "nan"}
		case math.IsInf(v, 1):
			return []any{"float", "inf"}
		case math.IsInf(v, -1):
			return []any{"float", "-inf"}
		}
		return []any{"float", v}
	case time.Time:
		return []any{"time", n.Value()}
	}
	if n.Kind == Binary {
		return []any{"binary", n.scalar}
	}
	return []any{"str", n.Text}
}
