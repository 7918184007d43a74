package main

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// end is what one side did with a call.
type end struct {
	requests []request
	raised   string // the client's error, or ours
	refused  bool   // ours: the arguments were turned down

	unordered bool // the client sends from several threads
}

func ours(requests []request, err error) end {
	e := end{requests: requests}
	var invalid actions.InvalidInput
	if err != nil {
		e.raised, e.refused = err.Error(), errors.As(err, &invalid)
	}
	return e
}

// wire is a request in the form in which two are compared and shown: a line for
// method, service and path, one for each parameter of the query in order, one
// for each header that matters, and the body as JSON with sorted keys.
func wire(r request) string {
	var b strings.Builder
	path := canonicalPath(r.Path)
	if r.Root {
		path = "(root) " + path
	}
	fmt.Fprintf(&b, "%s %s %s\n", r.Method, r.Service, path)
	for _, q := range canonicalQuery(r.Query) {
		fmt.Fprintf(&b, "  ? %s\n", q)
	}
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		if !slices.Contains(plainHeaders[:], name) && (name != "Content-Type" || r.Body != "") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		v := strings.Join(r.Header[name], ", ")
		switch {
		case v == "":
			continue
		case name == "Content-Type" && v == "application/json", name == "Openstack-Api-Version" && r.Service == "ironic":
			continue // what goes without saying, and what another header says as well
		case name == "Authorization":
			v = once.ReplaceAllString(v, `$1="..."`)
		}
		fmt.Fprintf(&b, "  %s: %s\n", name, v)
	}
	if r.Body != "" {
		fmt.Fprintf(&b, "  %s\n", canonicalBody(r.Body, strings.HasSuffix(r.Header.Get("Content-Type"), "-images-v2.1-json-patch")))
	}
	return b.String()
}

// plainHeaders are those that say nothing of the call: how bytes travel, who
// sends them, and versions that another header says as well.
var plainHeaders = [...]string{
	"Accept", "Accept-Encoding", "Connection", "Content-Length", "User-Agent", "X-Auth-Token", "Transfer-Encoding",
	"X-Openstack-Nova-Api-Version", "X-Openstack-Request-Id", "X-Auth-Project-Id", "X-Region-Name", "Expect", "Client-Id",
}

// canonicalQuery is the query's parameters by name; those of one name stay in
// their order.
func canonicalQuery(query string) []string {
	if query == "" {
		return nil
	}
	type param struct{ name, value string }
	var params []param
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, v, _ := strings.Cut(part, "=")
		params = append(params, param{unescape(name, url.QueryUnescape), unescape(v, url.QueryUnescape)})
	}
	slices.SortStableFunc(params, func(a, b param) int { return strings.Compare(a.name, b.name) })
	out := make([]string, len(params))
	for i, p := range params {
		out[i] = fmt.Sprintf("%q=%q", p.name, p.value)
	}
	return out
}

// once are the fields of an OAuth signature that are new in each request.
var once = regexp.MustCompile(`\b(oauth_nonce|oauth_timestamp|oauth_signature)="[^"]*"`)

// canonicalBody is JSON with sorted keys. The steps of a patch of one resource's
// properties have no order.
func canonicalBody(body string, patch bool) string {
	v, err := value.Decode([]byte(body))
	if err != nil {
		return fmt.Sprintf("%q", body)
	}
	if steps, ok := v.([]any); ok && patch {
		slices.SortStableFunc(steps, func(a, b any) int {
			return strings.Compare(string(value.MustEncode(sortKeys(a))), string(value.MustEncode(sortKeys(b))))
		})
	}
	return string(value.MustEncode(sortKeys(v)))
}

func sortKeys(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = sortKeys(e)
		}
		return out
	case *value.Map:
		names := v.Keys()
		slices.Sort(names)
		out := value.NewMap(len(names))
		for _, k := range names {
			e, _ := v.Get(k)
			out.Set(k, sortKeys(e))
		}
		return out
	default:
		return v
	}
}

// text is what a side did, to be compared and shown.
func (e end) text() string {
	var b strings.Builder
	wires := make([]string, len(e.requests))
	for i, r := range e.requests {
		wires[i] = wire(r)
	}
	if e.unordered {
		slices.Sort(wires)
	}
	b.WriteString(strings.Join(wires, ""))
	if len(e.requests) == 0 && e.raised != "" {
		b.WriteString("error\n")
	}
	return b.String()
}

// verdict is what comparing two ends gave.
type verdict struct {
	cause string // "" equal, a difference that is known by name, or "differs"
	text  string // of a difference, for people
}

const (
	differs     = "differs"
	nothingSent = "equal, nothing sent"
)

// compare holds our end to the client's.
func compare(c call, client, our end) verdict {
	client.unordered = strings.HasPrefix(c.Action, "swiftservice.")
	our.unordered = client.unordered
	if client.text() == our.text() {
		if len(client.requests) == 0 {
			return verdict{cause: nothingSent}
		}
		return verdict{}
	}
	if cause := known(c, client, our); cause != "" {
		return verdict{cause: cause}
	}
	return verdict{cause: differs, text: describe(c, client, our)}
}

func describe(c call, client, our end) string {
	show := func(e end) string {
		var b strings.Builder
		for _, r := range e.requests {
			b.WriteString(wire(r))
		}
		if e.raised != "" {
			fmt.Fprintf(&b, "! %s\n", e.raised)
		}
		return b.String()
	}
	return fmt.Sprintf("%s %s\n--- the client:\n%s--- we:\n%s", c.Action, value.MustEncode(c.Input), show(client), show(our))
}
