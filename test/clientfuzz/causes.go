package main

import (
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// Differences on purpose. Each is as narrow as what tells it allows; docs/differences.md has the
// reasons.

// cause is a difference in whether a call is sent at all.
type cause struct {
	name  string
	holds func(c call, client, our end) bool
}

func causes() []cause {
	return []cause{
		{"a path without an id is refused", weRefuse(`^\S+: parameter \S+ must be (an id or a name|the name of (a container|an object))`)},
		{"an argument of a wrong type is refused", weRefuse(`^\S+: parameter \S+ must be (a |an |true |text|null|one of).*(, not |not below 0)`)},
		{"what the newest version has no more is asked of the last that has it", clientRefuses(`^UnsupportedVersion: `)},
		{"a number or a truth is an id, too", clientRefuses(`^(AttributeError: '(int|bool|float)' object has no attribute '(find|decode|encode)'|TypeError: <class '(int|bool|float)'> can't be encoded|TypeError: can only concatenate str |TypeError: quote_from_bytes\(\) expected bytes|ValueError: Only unicode objects are escapable|UnknownConnectionError: .*Header part \((\d|True|False))`)},
		{"what always fails there has a plain meaning", clientRefuses(`^(TypeError: \S+\.list\(\) (missing \d required positional argument|got an unexpected keyword argument 'search_opts')|NotImplementedError: Unknown list options|MethodNotImplemented: Find not supported|AttributeError: '(str|int|bool|float)' object has no attribute 'is_public'|TypeError: resource_id is required to get a metric by name)`)},
		{"a % in a text is no format", clientRefuses(`^(TypeError: not (enough|all) arguments |ValueError: unsupported format character|ValueError: incomplete format)`)},
		{"what the client never can find is found", neverFound},
		{"a number that is 0 and false are ids, too", func(c call, client, our end) bool {
			if (strings.HasPrefix(c.Action, "magnum.certificates_") || c.Action == "swift.delete_object") && hasZero(c.Input) {
				return len(client.requests) == 1 && len(our.requests) == 1 && strings.HasPrefix(our.requests[0].Path, client.requests[0].Path+"/")
			}
			return clientRefuses(`^(ValueError: .* (is|are) required|ValidationError: Specify both a user and a group)$`)(c, client, our) && hasZero(c.Input)
		}},
		{"an id that has to be given is missing", func(c call, client, our end) bool {
			return c.Action == "keystone.services_delete" && our.refused && strings.Contains(our.raised, "missing parameter")
		}},
		{"what always fails there is refused", func(c call, _, our end) bool {
			return our.refused && strings.HasPrefix(c.Action, "keystone.oauth1.") && strings.Contains(our.raised, ": oauth1.")
		}},
		{"a list stands for a set", clientRefuses(`^AttributeError: '(list|str)' object has no attribute 'difference'`)},
		{"what only gives its argument back takes any", func(c call, client, our end) bool {
			return strings.HasSuffix(c.Action, "_convert_into_with_meta") && len(client.requests)+len(our.requests) == 0
		}},
		{"a config drive is given as text", clientRefuses(`^ValueError: Config drive seems to refer to a file`)},
		{"a definition is text, and no file is read", weRefuse(`^mistral\.environments_\w+: a file can't be read here`)},
		{"a number that is 0 and false are ids, too", zeroID},
		{"a number of digits is a number", clientRefuses(`^TypeError: %d format: a real number is required, not str`)},
		{"an id is escaped", clientRefuses(`^InvalidURL: URL can't contain control characters|^BadRequest: Bad Request \(HTTP 400\)`)},
		{"the path of an extension has a place for the id", weRefuse(`^neutron\.\w+_ext: parameter path must say %s where the id goes`)},
		{"a header that is null is none", func(c call, client, our end) bool {
			return strings.HasPrefix(c.Action, "swift") && clientRefuses(`^TookTooLong: `)(c, client, our)
		}},
		{"text beyond ASCII can be sent", clientRefuses(`^UnicodeEncodeError: `)},
		{"a function has no files", weRefuse(`^swiftservice\.upload: .*a function has no files of yours`)},
		{"a key file is not read", weRefuse(`^nova\.servers_get_password: private_key names a file`)},
		{"a date is text", clientRefuses(`^AttributeError: '(str|int|bool|float|list|dict)' object has no attribute '(isoformat|strftime)'`)},
		{"a text of digits is a number", clientRefuses(`^TypeError: %d format: a real number is required`)},
		{"what the client can't send is escaped", clientRefuses(`^(UnicodeEncodeError: 'ascii' codec|InvalidURL: URL can't contain control characters)`)},
		{"what the object store can do is asked anew", func(c call, client, _ end) bool {
			return c.Action == "swiftservice.capabilities" && len(client.requests) == 0 && client.raised == ""
		}},
	}
}

// hasZero reports whether an argument is 0 or false.
func hasZero(input *value.Map) bool {
	for _, v := range input.All() {
		if v == false || v == int64(0) {
			return true
		}
	}
	return false
}

// weRefuse tells calls that we turn down with such a message.
func weRefuse(message string) func(call, end, end) bool {
	pattern := regexp.MustCompile(message)
	return func(_ call, _, our end) bool { return our.refused && pattern.MatchString(our.raised) }
}

// clientRefuses tells calls for which the client sends nothing but raises such
// an error, and that work here.
func clientRefuses(message string) func(call, end, end) bool {
	pattern := regexp.MustCompile(message)
	return func(c call, client, our end) bool {
		_, our = followed(c, client, clone(our))
		sent := end{raised: client.raised, requests: our.requests[:min(len(our.requests), len(client.requests))]}
		return len(client.requests) < len(our.requests) && client.text() == sent.text() && pattern.MatchString(client.raised)
	}
}

// known gives the names of the causes that account for a difference, "" if none does.
func known(c call, client, our end) string {
	for _, k := range causes() {
		if k.holds(c, client, our) {
			return k.name
		}
	}
	return strings.Join(explain(c, client, our, rewrites()), "; ")
}

// explain finds rewrites after which both sides are the same.
func explain(c call, client, our end, rest []rewrite) []string {
	for i, r := range rest {
		theirs, mine := r.rewrite(c, clone(client), clone(our))
		if theirs.text() == client.text() && mine.text() == our.text() {
			continue
		}
		if theirs.text() == mine.text() {
			return []string{r.name}
		}
		if names := explain(c, theirs, mine, rest[i+1:]); names != nil {
			return append([]string{r.name}, names...)
		}
	}
	return nil
}

func clone(e end) end {
	e.requests = slices.Clone(e.requests)
	for i, r := range e.requests {
		e.requests[i].Header = r.Header.Clone()
	}
	return e
}

// rewrite takes a difference on purpose out of what the two sides sent.
type rewrite struct {
	name    string
	rewrite func(c call, client, our end) (theirs, mine end)
}

func rewrites() []rewrite {
	all := []rewrite{
		{"the service that the action is of is asked", otherService},
		{"an argument that is null is left out", withoutNulls},
		{"a redirect is followed", followed},
		{"nothing is asked that the result does not need", notAsked},
		{"the named resource is asked and not None", namedParent},
		{"what has no order keeps that of the call", unordered},
		{"a text is JSON whatever is in it", quotedState},
		{"the microversion that has it is asked", rotated},
		{"the id of the user who calls is known", ownUser},
		{"a body that is null is not sent", nullBody},
		{"the own project is asked and not None", ownProject},
		{"a namespace that is null is none", noNamespace},
		{"a text names fields, and not its letters", fieldsOfText},
		{"text beyond ASCII in a header is UTF-8", latinHeaders},
		{"the microversion that a call needs is asked for", neededVersion},
		{"the path of an extension may lack its slash", extensionPath},
		{"what has no name is not asked for", unnamed},
	}
	for _, join := range []string{"&", "?", "?!", "&#"} {
		all = append(all, rewrite{"an id is escaped", unescaped(join)})
	}
	return append(all, rewrite{"a value in a query is escaped", unescapedQuery}, rewrite{"a value in a query is escaped", rawQuery})
}

// otherService: nova's client sends these to nova, with nova's microversion.
func otherService(c call, client, our end) (end, end) {
	if strings.HasPrefix(c.Action, "nova.glance_") || strings.HasPrefix(c.Action, "nova.neutron_") {
		for i := range min(len(client.requests), len(our.requests)) {
			client.requests[i].Service, client.requests[i].Root = our.requests[i].Service, our.requests[i].Root
			client.requests[i].Header.Del("Openstack-Api-Version")
		}
	}
	return client, our
}

// withoutNulls: some clients send the text None for a null in a query.
func withoutNulls(c call, client, our end) (end, end) {
	null := map[string]bool{}
	collectNulls(c.Input, null)
	if c.Action == "aodh.alarm_set_state" && null["state"] && len(client.requests) == 1 && client.requests[0].Body == `"None"` {
		client.requests[0].Body = ""
	}
	for i, r := range client.requests {
		parts := strings.Split(r.Query, "&")
		parts = slices.DeleteFunc(parts, func(p string) bool {
			name, v, _ := strings.Cut(p, "=")
			return v == "None" && null[unescape(name, url.QueryUnescape)]
		})
		client.requests[i].Query = strings.Join(parts, "&")
	}
	return client, our
}

func collectNulls(m *value.Map, into map[string]bool) {
	for k, v := range m.All() {
		if inner, ok := v.(*value.Map); ok {
			collectNulls(inner, into)
		}
		into[k] = into[k] || v == nil
	}
}

// followed: heat's client reads the stack out of a redirect, we out of what it leads to.
func followed(c call, client, our end) (end, end) {
	if !strings.HasPrefix(c.Action, "heat.") || c.Action == "heat.stacks_get" {
		return client, our
	}
	for i := 1; i < len(our.requests); i++ {
		if r, before := our.requests[i], our.requests[i-1]; r.Method == http.MethodGet && r.Path == "/stacks/NAME1/ID1" && before.Method == http.MethodGet && strings.Count(before.Path, "/") == 2 {
			our.requests = slices.Delete(our.requests, i, i+1)
			break
		}
	}
	return client, our
}

// notAsked are the client's requests whose answers no result has: of these
// actions, all but the first.
func notAsked(c call, client, our end) (end, end) {
	limit, _ := c.Input.Get("limit")
	if c.Action == "nova.servers_list" && limit == int64(-1) { // the last page says that it is the last
		client.requests = client.requests[:min(1, len(client.requests))]
	}
	if c.Action == "heat.stacks_list" {
		if _, big := limit.(*big.Int); big { // it is more than any list has
			client.requests = client.requests[:min(1, len(client.requests))]
		}
	}
	switch c.Action {
	case "nova.servers_set_meta_item", "heat.stacks_preview", "trove.configurations_instances", "trove.instances_backups":
		client.requests = client.requests[:min(1, len(client.requests))]
	}
	return client, our
}

// namedParent: manila's client looks for the export locations of a snapshot only in
// that of the id None; here they are told whose.
func namedParent(c call, client, our end) (end, end) {
	if strings.HasPrefix(c.Action, "manila.share_snapshot_") && strings.Contains(c.Action, "export_locations_find") && len(client.requests) == 1 && len(our.requests) == 1 {
		kind, rest, _ := strings.Cut(strings.TrimPrefix(our.requests[0].Path, "/"), "/")
		if at := strings.LastIndex(rest, "/export-locations"); at > 0 {
			our.requests[0].Path = "/" + kind + "/None" + rest[at:]
		}
	}
	return client, our
}

// latinHeaders: Python sends a header in Latin-1.
func latinHeaders(_ call, client, our end) (end, end) {
	for _, r := range client.requests {
		for _, values := range r.Header {
			for i, v := range values {
				if !utf8.ValidString(v) {
					runes := make([]rune, len(v))
					for j := range len(v) {
						runes[j] = rune(v[j])
					}
					values[i] = string(runes)
				}
			}
		}
	}
	return client, our
}

// neededVersion: magnum's client sends no microversion, without which its service refuses this.
func neededVersion(c call, client, our end) (end, end) {
	for _, r := range our.requests {
		if c.Action == "magnum.certificates_rotate_ca" {
			r.Header.Del("Openstack-Api-Version")
		}
	}
	return client, our
}

// nullBody: heat's client sends null where no data are given.
func nullBody(_ call, client, our end) (end, end) {
	for i, r := range client.requests {
		if r.Service == "heat" && r.Body == "null" {
			client.requests[i].Body = ""
		}
	}
	return client, our
}

// ownUser: with Mistral's session keystone's client does not know who calls.
func ownUser(c call, client, our end) (end, end) {
	for i := range client.requests {
		switch r := &client.requests[i]; {
		case c.Action == "keystone.users_update_password" && r.Path == "/users/None/password":
			r.Path = "/users/u1/password"
		}
	}
	return client, our
}

// extensionPath: neutron's client puts the path behind the version as it is.
func extensionPath(c call, client, our end) (end, end) {
	path, _ := c.Input.Get("path")
	if s, ok := path.(string); !ok || strings.HasPrefix(s, "/") || !strings.HasSuffix(c.Action, "_ext") {
		return client, our
	}
	for i := range our.requests {
		our.requests[i].Path = strings.Replace(our.requests[i].Path, "/v2.0/", "/v2.0", 1)
	}
	return client, our
}

// unnamed: glance's client asks for what an update named, also where that is no name.
func unnamed(c call, client, our end) (end, end) {
	n := len(client.requests)
	if strings.HasPrefix(c.Action, "glance.metadefs_") && n == len(our.requests)+1 {
		last := client.requests[n-1]
		_, name, _ := strings.Cut(last.Path[strings.LastIndex(last.Path, "/"):], "/")
		if name, err := url.PathUnescape(name); err == nil && last.Method == http.MethodGet && (name == "" || strings.ContainsAny(name[:1], "[{")) {
			client.requests = client.requests[:n-1]
		}
	}
	return client, our
}

// unescaped: most clients put an id into the path as it is, so that with ? # or
// % in it another resource is named. Ours is put there in the same way. The query then
// begins in the id; join is what the client puts between that and its own, with ! also
// where there is none. With # the library puts the query before what follows a #.
func unescaped(join string) func(c call, client, our end) (end, end) {
	return func(c call, client, our end) (end, end) {
		changed := false
		for i, r := range our.requests {
			if changed { // what follows an answer of another resource is another story
				client.requests, our.requests = client.requests[:min(i, len(client.requests))], our.requests[:i]
				break
			}
			raw := rawPath(c, r.Path)
			changed = r.Path != raw
			if !changed {
				continue
			}
			path, query, hasQuery := strings.Cut(raw, "?")
			if hasQuery && (r.Query != "" || join == "?!") {
				query += join[:1] + r.Query
			} else {
				query += r.Query
			}
			if before, _, ok := strings.Cut(path, "#"); ok { // what follows is not sent
				path, query = before, ""
				if join == "&#" {
					query = r.Query
				}
			}
			query, _, _ = strings.Cut(query, "#")
			our.requests[i].Path, our.requests[i].Query = path, query
			if i < len(client.requests) {
				client.requests[i], our.requests[i] = sameEnds(client.requests[i], our.requests[i], join)
			}
		}
		if changed {
			client.requests = client.requests[:min(len(our.requests), len(client.requests))]
		}
		return client, our
	}
}

// pastesQueries are the beginnings of actions whose clients put values into the query as they are.
var pastesQueries = []string{
	"nova.glance_find_image", "nova.neutron_find_network", "nova.agents_list", "nova.quotas_", "nova.keypairs_", "mistral.", "ironic.", "magnum.", "gnocchi.resource_batch_", "cinder.services_", "cinder.qos_specs_", "manila.quotas_", "manila.share_instances_",
	"manila.share_replicas_list", "manila.share_snapshot_instances_list", "manila.shares_delete",
}

// unescapedQuery: these put a value into the query as it is.
func unescapedQuery(c call, client, our end) (end, end) {
	if !slices.ContainsFunc(pastesQueries, func(begin string) bool { return strings.HasPrefix(c.Action, begin) }) {
		return client, our
	}
	for i, r := range our.requests {
		pairs := strings.Split(r.Query, "&")
		for j, p := range pairs {
			pairs[j] = unescape(p, url.QueryUnescape)
		}
		r.Query, _, _ = strings.Cut(strings.Join(pairs, "&"), "#") // what follows is not sent
		our.requests[i] = r
	}
	return client, our
}

// special are the texts in a call that a path can't hold as they are, longest first.
func special(v any) []string {
	var all []string
	switch v := v.(type) {
	case string:
		if strings.ContainsAny(v, "?#%") {
			all = append(all, v)
		}
	case []any:
		for _, e := range v {
			all = append(all, special(e)...)
		}
	case *value.Map:
		for _, e := range v.All() {
			all = append(all, special(e)...)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}
