package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// printJSON prints one document, indented.
func (a *app) printJSON(v any) error {
	data, err := value.Encode(v)
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	if err := json.Indent(&buf, data, "", "  "); err != nil {
		return err
	}
	buf.WriteByte('\n')
	_, err = a.out.Write(buf.Bytes())
	return err
}

// table is printed in columns.
type table struct{ rows [][]string }

func newTable(header ...string) *table { return &table{[][]string{header}} }

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) print(w io.Writer) error {
	var buf bytes.Buffer
	tw := tabwriter.NewWriter(&buf, 0, 0, 2, ' ', 0)
	for _, r := range t.rows {
		for i, c := range r {
			r[i] = oneLine(c)
		}
		fmt.Fprintln(tw, strings.Join(r, "\t"))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(buf.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// oneLine keeps a cell from breaking the table, and from moving the cursor.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	const most = 80
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-3]) + "..."
	}
	return s
}

// count is so many things.
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// printable keeps text from moving the cursor; lines stay lines.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

// columns that are shown of a resource, in this order, where it has them.
var columns = []string{"cloud", "region", "id", "name", "status", "state", "stack_name", "stack_status", "type", "size", "ip_version", "cidr",
	"floating_ip_address", "enabled", "description"}

// printResult prints an action's result for people: a list of resources as a
// table, text as it is, anything else as JSON.
func (a *app) printResult(v any) error {
	if text, ok := v.(string); ok {
		_, err := fmt.Fprintln(a.out, printable(text))
		return err
	}
	list, ok := resources(v)
	if !ok {
		return a.printJSON(v)
	}
	shown := shownColumns(list)
	if len(shown) == 0 {
		return a.printJSON(v)
	}
	header := make([]string, len(shown))
	for i, c := range shown {
		header[i] = strings.ToUpper(strings.ReplaceAll(c, "_", " "))
	}
	t := newTable(header...)
	for _, m := range list {
		cells := make([]string, len(shown))
		for i, c := range shown {
			e, _ := m.Get(c)
			cells[i] = cell(e)
		}
		t.row(cells...)
	}
	return t.print(a.out)
}

// printOutput prints a workflow's output for people, each value as
// [app.printResult] does.
func (a *app) printOutput(m *value.Map) error {
	for k, v := range m.All() {
		fmt.Fprintf(a.out, "\n%s:\n", k)
		if err := a.printResult(v); err != nil {
			return err
		}
	}
	return nil
}

// cell is a value in a table: of a list, how many it has.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []any:
		return strconv.Itoa(len(v))
	default:
		return expr.Str(v)
	}
}

// shownColumns are the columns that some resource has; of things that are no
// resources themselves, what lists they hold.
func shownColumns(list []*value.Map) []string {
	var shown []string
	for _, c := range columns {
		for _, m := range list {
			if m.Has(c) {
				shown = append(shown, c)
				break
			}
		}
	}
	if slices.Contains(shown, "id") || slices.Contains(shown, "name") {
		return shown
	}
	for k, v := range list[0].All() {
		if _, ok := v.([]any); ok {
			shown = append(shown, k)
		}
	}
	return shown
}

// resources finds the list of dictionaries that a result is, or that is the
// only thing in it ({"networks": [...]}).
func resources(v any) ([]*value.Map, bool) {
	if m, ok := v.(*value.Map); ok && m.Len() == 1 {
		for _, only := range m.All() {
			v = only
		}
	}
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return nil, false
	}
	out := make([]*value.Map, len(list))
	for i, e := range list {
		if out[i], ok = e.(*value.Map); !ok {
			return nil, false
		}
	}
	return out, true
}
