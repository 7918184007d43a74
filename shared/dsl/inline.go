package dsl

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/dsl/yaml"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// The one-line form "name key=value key=value". Mistral finds parameters by
// searching: what its pattern does not match is passed over, so that a parameter
// is lost without a word. The same search runs here (paramScanner), and what it
// passes over is reported.
var (
	callName   = regexp.MustCompile(`^(?:[\pL\pN_.]+[^=(\s"]*|<%.*?%>|\{\{.*\}\}|\{%.*%\})`)
	lostParam  = regexp.MustCompile(`([-\pL\pN_]+)=(\S*)`)
	wholeValue = regexp.MustCompile(`^(?:true|false|null|\d+)$`)
)

// call reads the one-line form under key; nil if the key is missing.
func (d dict) call(key string) *Call {
	n := d.node.Get(key)
	if n == nil {
		return nil
	}
	text := d.asText(n, fmt.Sprintf("%q of %s", key, d.what))
	if text == "" {
		return nil
	}
	return d.parseCall(n, fmt.Sprintf("%q of %s", key, d.what))
}

func (r *reader) parseCall(n *Node, what string) *Call {
	text := n.Text
	if !strings.Contains(text, " ") { // Mistral takes the whole for the name then
		name := strings.TrimSpace(text)
		if name != text || strings.ContainsAny(name, "\t\n") {
			r.errorf("bad-name", n.Span, "", "%s has a line break or a tab in its name", what)
		}
		return &Call{Name: name, NameNode: n, Node: n}
	}
	m := callName.FindStringIndex(text)
	if m == nil {
		r.errorf("bad-name", n.Span, "begin with the name", "%s must be a name, or a name with parameters", what)
		return &Call{Name: text, NameNode: n, Node: n}
	}
	c := &Call{Name: text[:m[1]], NameNode: yaml.NewString(n, 0, m[1], text[:m[1]]), Node: n}
	if cutExpression(c.Name) {
		r.warnf("name-cut", n.SpanOf(0, len(text)), "write the expression in it without blanks",
			"a name that begins with text ends at the first blank: %s would call %q", what, c.Name)
		return c
	}
	c.Params = r.parseParams(n, m[1], what)
	return c
}

// cutExpression reports whether a name ends within an expression.
func cutExpression(name string) bool {
	return strings.LastIndex(name, "<%") > strings.LastIndex(name, "%>") || strings.LastIndex(name, "{{") > strings.LastIndex(name, "}}")
}

// parseParams finds the parameters in n's text from offset from on.
func (r *reader) parseParams(n *Node, from int, what string) []Param {
	var params []Param
	text := n.Text
	end := from
	index := map[string]int{} // of each name's last value
	s := paramScanner{text: text}
	for m, ok := s.next(from); ok; m, ok = s.next(end) {
		r.checkGap(n, end, m.name, params, what)
		end = m.end
		name := text[m.name:m.equals]
		p := Param{Name: name, NameSpan: n.SpanOf(m.name, m.equals), Value: inlineValue(n, m.equals+1, m.end)}
		if _, twice := index[name]; twice {
			r.errorf("duplicate", p.NameSpan, "remove one of the two", "parameter %q is given twice", name)
		}
		index[name] = len(params)
		params = append(params, p)
	}
	r.checkGap(n, end, len(text), params, what)
	kept := params[:0]
	for i, p := range params {
		if index[p.Name] == i {
			kept = append(kept, p)
		}
	}
	return kept
}

// inlineValue reads the text of a value that the pattern has matched.
func inlineValue(n *Node, from, to int) *Node {
	for to > from && strings.ContainsRune(" \t\n\r\f\v", rune(n.Text[to-1])) {
		to--
	}
	text := n.Text[from:to]
	if text[0] == '"' || text[0] == '\'' {
		return yaml.NewString(n, from+1, to-1, text[1:len(text)-1])
	}
	if text[0] == '[' || wholeValue.MatchString(text) {
		if v, err := value.Decode([]byte(text)); err == nil {
			return yaml.NewData(n, from, to, v)
		}
	}
	return yaml.NewString(n, from, to, text)
}

// gapRunes may stand between two parameters and mean nothing.
const gapRunes = " \t\n\r,"

// checkGap reports what the search has passed over between two parameters.
func (r *reader) checkGap(n *Node, from, to int, before []Param, what string) {
	gap := n.Text[from:to]
	trimmed := strings.Trim(gap, gapRunes)
	if trimmed == "" {
		return
	}
	attached := strings.IndexByte(gapRunes, gap[0]) < 0 && from > 0 && n.Text[from-1] != ' '
	if len(before) > 0 && attached && strings.IndexByte(trimmed, '=') < 0 {
		cut := strings.IndexAny(gap+" ", gapRunes)
		p := before[len(before)-1]
		r.warnf("inline-cut", n.SpanOf(from, from+cut),
			fmt.Sprintf("write the parameter under \"input\" if it is more than %s", p.Value.Text),
			"Mistral reads only %s of the value of %q", p.Value.Text, p.Name)
		if strings.Trim(gap[cut:], gapRunes) == "" {
			return
		}
		from, gap = from+cut, gap[cut:]
	}
	r.reportLost(n, from, gap, what)
}

// reportLost reports each parameter in the gap that begins at offset from.
func (r *reader) reportLost(n *Node, from int, gap, what string) {
	lost := lostParam.FindAllStringSubmatchIndex(gap, -1)
	for i, m := range lost {
		name := gap[m[2]:m[3]]
		end := len(gap)
		if i+1 < len(lost) {
			end = lost[i+1][0]
		}
		val := strings.TrimRight(gap[m[4]:end], gapRunes)
		r.errorf("inline-lost", n.SpanOf(from+m[2], from+m[4]+len(val)), lostAdvice(name, val),
			"the value of parameter %q can't be written on one line like this", name)
	}
	if len(lost) > 0 {
		gap = gap[:lost[0][0]]
	}
	if word := strings.Trim(gap, gapRunes); word != "" {
		start := from + strings.Index(gap, word)
		r.errorf("inline-lost", n.SpanOf(start, start+len(word)), "write each parameter as name=value, texts in quotes",
			"%q in %s is no parameter", word, what)
	}
}

// lostAdvice says how to write a value that the one-line form does not take.
func lostAdvice(name, val string) string {
	switch {
	case val == "" || val[0] == ' ':
		return fmt.Sprintf("write no blank behind '=', or write it under \"input\" as: %s: ...", name)
	case val[0] == '-' || val[0] == '{' || val[0] == '+' || val[0] == '.':
		return fmt.Sprintf("write it under \"input\" as: %s: %s", name, val)
	case strings.ContainsAny(val, "\"'"):
		return fmt.Sprintf("write it under \"input\" as: %s: ...", name)
	}
	return fmt.Sprintf("put the text in quotes: %s=%q", name, val)
}
