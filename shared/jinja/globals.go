package jinja

import (
	"strings"
)

// global finds a name that no template sets: what Mistral passes, then
// Jinja2's own.
func (st *state) global(name string) (any, bool, error) {
	switch name {
	case "_":
		return st.root, true, nil
	case "__env", "__execution", "__task_execution":
		if isMapping(st.root) {
			v, _, err := mapGet(st.root, name)
			return v, true, err
		}
		return nil, false, nil
	case "self":
		if st.t.lone {
			return nil, false, nil
		}
		return &self{}, true, nil
	}
	if f, ok := st.lib.get(name); ok {
		return f.global(st), true, nil
	}
	v, ok := globals()[name]
	if !ok {
		return nil, false, nil
	}
	return v, true, nil
}

// maxRange is the most elements that the sandbox lets a range have.
const maxRange = 100000

func makeGlobals() map[string]*callable {
	dictType := typeObject("dict", newMapping)
	dictType.attr = func(name string) (any, bool) {
		if f, ok := dictMethods()[name]; ok && name == "fromkeys" {
			return bound(newDict(0), name, f), true
		}
		return nil, false
	}
	return map[string]*callable{
		"range":  function("safe_range", makeRange),
		"dict":   dictType,
		"lipsum": function("generate_lorem_ipsum", fn("generate_lorem_ipsum", "n? html? min? max?", lipsum)),
		"cycler": typeObject("jinja2.utils.Cycler", func(_ *state, args []any, kwargs []kwarg) (any, error) {
			if len(kwargs) > 0 {
				return nil, typeErrorf("Cycler.__init__() got an unexpected keyword argument '%s'", kwargs[0].name)
			}
			if len(args) == 0 {
				return nil, failf("RuntimeError", "at least one item has to be provided")
			}
			return &cycler{items: args}, nil
		}),
		"joiner": typeObject("jinja2.utils.Joiner", fn("Joiner.__init__", "sep?", func(_ *state, a []any) (any, error) {
			return &joiner{sep: or(a[0], ", ")}, nil
		})),
		"namespace": typeObject("jinja2.utils.Namespace", func(st *state, args []any, kwargs []kwarg) (any, error) {
			d, err := newMapping(st, args, kwargs)
			if err != nil {
				return nil, err
			}
			return &namespace{d.(*dict)}, nil
		}),
	}
}

func makeRange(_ *state, args []any, kwargs []kwarg) (any, error) {
	switch {
	case len(kwargs) > 0:
		return nil, typeErrorf("safe_range() got an unexpected keyword argument '%s'", kwargs[0].name)
	case len(args) == 0:
		return nil, typeErrorf("range expected at least 1 argument, got 0")
	case len(args) > 3:
		return nil, typeErrorf("range expected at most 3 arguments, got %d", len(args))
	}
	var n [3]int64
	for i, a := range args {
		v, err := index(a)
		if err != nil {
			return nil, err
		}
		n[i] = int64(v)
	}
	start, stop, step := n[0], n[1], n[2]
	if len(args) == 1 {
		start, stop = 0, n[0]
	}
	if len(args) < 3 {
		step = 1
	}
	if step == 0 {
		return nil, valueErrorf("range() arg 3 must not be zero")
	}
	// Bounds far apart would overflow in newRange.
	span := float64(stop) - float64(start)
	if span/float64(step) > maxRange+1 {
		return nil, failf(kindOverflow, "Range too big. The sandbox blocks ranges larger than MAX_RANGE (%d).", maxRange)
	}
	r := newRange(start, stop, step)
	if r.n > maxRange {
		return nil, failf(kindOverflow, "Range too big. The sandbox blocks ranges larger than MAX_RANGE (%d).", maxRange)
	}
	return r, nil
}

func (c *cycler) attr(name string) (any, bool) {
	switch name {
	case "items":
		return tuple(c.items), true
	case "pos":
		return int64(c.pos), true
	case "current":
		return c.items[c.pos], true
	case "next":
		return method(name, fn(name, "", func(*state, []any) (any, error) {
			v := c.items[c.pos]
			c.pos = (c.pos + 1) % len(c.items)
			return v, nil
		})), true
	case "reset":
		return method(name, fn(name, "", func(*state, []any) (any, error) {
			c.pos = 0
			return nil, nil
		})), true
	}
	return nil, false
}

// lipsumWords are what lipsum puts together; Jinja2 takes random ones of a
// longer list.
const lipsumWords = `lorem ipsum dolor sit amet consectetuer adipiscing elit a ac accumsan aenean aliquam aliquet ante aptent arcu at auctor augue
bibendum blandit class commodo condimentum congue consequat conubia convallis cras cubilia cum curabitur curae cursus dapibus diam dictum
dignissim dis donec dui duis egestas eget eleifend elementum enim erat eros est et etiam eu euismod fames faucibus`

func lipsum(st *state, a []any) (any, error) {
	n, err := indexOr(a[0], 5)
	if err != nil {
		return nil, err
	}
	asHTML, err := st.flag(a[1], true)
	if err != nil {
		return nil, err
	}
	low, err := indexOr(a[2], 20)
	if err != nil {
		return nil, err
	}
	high, err := indexOr(a[3], 100)
	if err != nil {
		return nil, err
	}
	if low >= high {
		return nil, valueErrorf("empty range for randrange() (%d, %d, %d)", low, high, high-low)
	}
	words := strings.Fields(lipsumWords)
	var paragraphs []string
	for range n {
		if err := st.grow(8 * high); err != nil {
			return nil, err
		}
		var p []string
		for range low + randomInt(high-low) {
			p = append(p, words[randomInt(len(words))])
		}
		text := strings.Join(p, " ") + "."
		text = strings.ToUpper(text[:1]) + text[1:]
		if asHTML {
			text = "<p>" + text + "</p>"
		}
		paragraphs = append(paragraphs, text)
	}
	if asHTML {
		return markup(strings.Join(paragraphs, "\n")), nil
	}
	return strings.Join(paragraphs, "\n\n"), nil
}
