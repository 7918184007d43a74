package yaml

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"time"
)

// finishMap merges `<<` entries into a dictionary, as Python's loader does, and
// reports keys that occur twice or can't be keys.
func (p *parser) finishMap(n *Node) {
	var merged, own []Entry
	for _, e := range n.Entries {
		p.checkValue(e.Value)
		switch e.Key.scalar {
		case unresolved("merge"):
			merged = append(merged, p.mergeValue(e)...)
			continue
		case unresolved("value"):
			e.Key.scalar = e.Key.Text
		}
		p.checkValue(e.Key)
		if !e.Key.IsScalar() {
			p.report(e.Key.Span, "put the key in quotes", "a %s can't be a key", e.Key.Kind)
			continue
		}
		own = append(own, e)
	}
	index := make(map[string]int, len(n.Entries))
	seen := make(map[string]bool, len(own)) // own keys, which must not repeat
	n.Entries = nil
	for i, e := range slices.Concat(merged, own) {
		id := keyID(e.Key)
		if i >= len(merged) {
			if seen[id] {
				first := n.Entries[index[id]].Key.Span.Start.Line
				p.report(e.Key.Span, "remove one of the two", "the key %q is already at line %d", e.Key.Text, first)
			}
			seen[id] = true
		}
		at, known := index[id]
		if !known {
			index[id] = len(n.Entries)
			n.Entries = append(n.Entries, e)
			continue
		}
		n.Entries[at].Value = e.Value // Python keeps the first place, the last value
	}
}

// checkValue reports a scalar that Mistral's loader can't make a value of.
func (p *parser) checkValue(n *Node) {
	if n.special() {
		p.report(n.Span, "put it in quotes", "%q has a special meaning in YAML", n.Text)
		n.scalar = n.Text
	}
	for _, item := range n.Items {
		if item.special() {
			p.checkValue(item)
		}
	}
}

func (p *parser) mergeValue(e Entry) []Entry {
	switch e.Value.Kind {
	case Map:
		return e.Value.Entries
	case List:
		var out []Entry
		for _, item := range slices.Backward(e.Value.Items) {
			if item.Kind != Map {
				p.report(item.Span, "", "only dictionaries can be merged, this is a %s", item.Kind)
				continue
			}
			out = append(out, item.Entries...)
		}
		return out
	}
	p.report(e.Value.Span, "write the dictionary itself: Mistral knows no anchors and aliases",
		"only a dictionary or a list of them can be merged, this is a %s", e.Value.Kind)
	return nil
}

// keyID is equal for keys that Python holds equal.
func keyID(n *Node) string {
	switch v := n.scalar.(type) {
	case nil:
		return "null"
	case bool:
		if v {
			return "1"
		}
		return "0"
	case int64:
		return fmt.Sprint(v)
	case *big.Int:
		return v.String()
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1e15 {
			return fmt.Sprint(int64(v))
		}
		return fmt.Sprint(v)
	case time.Time:
		return "time " + v.String()
	default:
		return "text " + n.Text
	}
}
