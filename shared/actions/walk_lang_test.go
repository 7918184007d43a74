package actions_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// A walk is a file of blocks, separated by blank lines. A line of a block is
//
//	# title                                       the first line
//	only simulated: why                           or real: the services it is for
//	[VERB kind:] action {arguments} [=> check]... [as name]
//	no VERB kind: why                             what a kind has not got
//
// VERB is create, get, list, update or delete: what the step does with the kind.
// $name in the arguments stands for a result or a field of it
// ($net.network.id); $region is the region and $walk a name of this block's own.
// Steps of a block share names. A check is `path = JSON`, `has JSON` (a list
// holds a dictionary with these fields), `lacks JSON`, `error Name`, or `null`.
// After `until` instead of `=>` the step is repeated until its checks hold.

type block struct {
	title, only, why string
	steps            []step
	excuses          []excuse
}

type step struct {
	at, verb, kind, action, args string
	checks                       []string
	wait                         bool
	as                           string
}

type excuse struct{ verb, kind, why string }

var (
	stepLine   = regexp.MustCompile(`^(?:(create|get|list|update|delete) ([a-z0-9 ]+): )?([a-z]+\.\w+)(?: (\{.*?\}))?((?: (?:=>|until) .*?)?)(?: as (\w+))?$`)
	excuseLine = regexp.MustCompile(`^no (create|get|list|update|delete) ([a-z0-9 ]+): (.+)$`)
	onlyLine   = regexp.MustCompile(`^only (simulated|real): (.+)$`)
	checkStart = regexp.MustCompile(` (?:=>|until) `)
)

func parseWalk(file, text string) ([]block, error) {
	var blocks []block
	fresh := true
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		at := fmt.Sprintf("%s:%d", file, i+1)
		switch title, isTitle := strings.CutPrefix(line, "# "); {
		case line == "":
			fresh = true
		case fresh && isTitle:
			blocks, fresh = append(blocks, block{title: title}), false
		case fresh:
			return nil, fmt.Errorf("%s: a block begins with # and its title", at)
		case isTitle:
		default:
			if err := blocks[len(blocks)-1].add(at, line); err != nil {
				return nil, err
			}
		}
	}
	return blocks, nil
}

func (b *block) add(at, line string) error {
	if m := excuseLine.FindStringSubmatch(line); m != nil {
		b.excuses = append(b.excuses, excuse{m[1], m[2], m[3]})
		return nil
	}
	if m := onlyLine.FindStringSubmatch(line); m != nil {
		b.only, b.why = m[1], m[2]
		return nil
	}
	m := stepLine.FindStringSubmatch(line)
	if m == nil {
		return fmt.Errorf("%s: not a step: %s", at, line)
	}
	s := step{at: at, verb: m[1], kind: m[2], action: m[3], args: m[4], as: m[6], wait: strings.Contains(m[5], " until ")}
	if m[5] != "" {
		s.checks = checkStart.Split(m[5], -1)[1:]
	}
	b.steps = append(b.steps, s)
	return nil
}

// walker performs the steps of one block.
type walker struct {
	runner *actions.Runner
	target openstack.Request
	place  place
	names  map[string]any
}

// input reads arguments and puts results in the place of $names.
func (w *walker) input(args string) (*value.Map, error) {
	if args == "" {
		return nil, nil
	}
	v, err := w.json(args)
	if err != nil {
		return nil, err
	}
	return v.(*value.Map), nil
}

func (w *walker) json(text string) (any, error) {
	if !json.Valid([]byte(text)) {
		return nil, fmt.Errorf("%s is no JSON", text)
	}
	v, err := value.Decode([]byte(text))
	if err != nil {
		return nil, err
	}
	return w.fill(v)
}

func (w *walker) fill(v any) (_ any, err error) {
	switch v := v.(type) {
	case string:
		if path, ok := strings.CutPrefix(v, "$"); ok {
			name, rest, _ := strings.Cut(path, ".")
			start, ok := w.names[name]
			if !ok {
				return nil, fmt.Errorf("there is no $%s", name)
			}
			return field(start, rest)
		}
	case []any:
		for i := range v {
			if v[i], err = w.fill(v[i]); err != nil {
				return nil, err
			}
		}
	case *value.Map:
		for _, k := range v.Keys() {
			e, _ := v.Get(k)
			if e, err = w.fill(e); err != nil {
				return nil, err
			}
			v.Set(k, e)
		}
	}
	return v, nil
}

// field follows a path of keys and indexes; what a dictionary has not got is null.
func field(v any, path string) (any, error) {
	for path != "" {
		var name string
		name, path, _ = strings.Cut(path, ".")
		switch c := v.(type) {
		case []any:
			i := -1
			if _, err := fmt.Sscan(name, &i); err != nil || i < 0 || i >= len(c) {
				return nil, fmt.Errorf("nothing at %s of %d items", name, len(c))
			}
			v = c[i]
		case *value.Map:
			v, _ = c.Get(name)
		default:
			return nil, fmt.Errorf("%v has no field %s", v, name)
		}
	}
	return v, nil
}

func (w *walker) check(result any, err error, checks []string) error {
	if len(checks) == 1 {
		if name, ok := strings.CutPrefix(checks[0], "error "); ok {
			if got := strings.TrimPrefix(fmt.Sprintf("%T", err), "openstack."); got != name {
				return fmt.Errorf("the error is %s %v", got, err)
			}
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("%T %w", err, err)
	}
	for _, check := range checks {
		if err := w.holds(result, check); err != nil {
			text, _ := value.Encode(result)
			return fmt.Errorf("%w; the result is %.600s", err, text)
		}
	}
	return nil
}

func (w *walker) holds(result any, check string) error {
	word, rest, _ := strings.Cut(check, " ")
	switch word {
	case "null":
		if result != nil {
			return errors.New("it is not null")
		}
		return nil
	case "has", "lacks":
		if has, err := w.holdsAny(result, rest); err != nil || has != (word == "has") {
			return errors.Join(fmt.Errorf("%s is not so", check), err)
		}
		return nil
	}
	path, text, ok := strings.Cut(check, " = ")
	if !ok {
		return fmt.Errorf("%q is no check", check)
	}
	want, err := w.json(text)
	if err != nil {
		return err
	}
	got, err := field(result, strings.TrimPrefix(path, "."))
	if err == nil && !value.Equal(got, want) {
		err = fmt.Errorf("%s is %v", path, got)
	}
	return err
}

// holdsAny reports whether a list, or the first list in a dictionary, has an
// item with the fields.
func (w *walker) holdsAny(result any, fields string) (bool, error) {
	if m, ok := result.(*value.Map); ok {
		for _, v := range m.All() {
			if list, ok := v.([]any); ok {
				result = list
				break
			}
		}
	}
	v, err := w.json(fields)
	if err != nil {
		return false, err
	}
	list, ok := result.([]any)
	if !ok {
		return false, errors.New("the result is no list")
	}
	for _, item := range list {
		m, _ := item.(*value.Map)
		all := m != nil
		for k, want := range v.(*value.Map).All() {
			if all {
				got, ok := m.Get(k)
				all = ok && value.Equal(got, want)
			}
		}
		if all {
			return true, nil
		}
	}
	return false, nil
}

func TestParseWalk(t *testing.T) {
	blocks, err := parseWalk("w.txt", `# a
create big thing: nova.a {"k": {"x": "} as"}} => .a = {"b": 1} => null as made
nova.b
get big thing: nova.c {"id": "$made.id"} until error NotFound

# b
only real: because
no update big thing: so`)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%#v", []block{
		{title: "a", steps: []step{
			{"w.txt:2", "create", "big thing", "nova.a", `{"k": {"x": "} as"}}`, []string{`.a = {"b": 1}`, "null"}, false, "made"},
			{"w.txt:3", "", "", "nova.b", "", nil, false, ""},
			{"w.txt:4", "get", "big thing", "nova.c", `{"id": "$made.id"}`, []string{"error NotFound"}, true, ""}}},
		{title: "b", only: "real", why: "because", excuses: []excuse{{"update", "big thing", "so"}}}})
	if got := fmt.Sprintf("%#v", blocks); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, bad := range []string{"nova.a", "# a\nwhat is this", "# a\ncreat thing: nova.a {}"} {
		if _, err := parseWalk("w.txt", bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
