package main

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// What trove's and zun's clients put into paths and queries as it is.

// neverFound: trove's client finds nothing where its list needs to know of what.
func neverFound(c call, client, our end) bool {
	refuses := clientRefuses(`^TypeError: (\w+\.list\(\) missing|'NoneType' object is not iterable)`)
	return strings.HasPrefix(c.Action, "trove.") && strings.Contains(c.Action, "_find") && refuses(c, client, our)
}

// rawPath is our path with the ids as they are. A user of trove's is escaped by
// the client, too, but for /.
func rawPath(c call, path string) string {
	if !strings.HasPrefix(c.Action, "trove.users_") {
		for _, id := range special(c.Input) {
			path = strings.ReplaceAll(path, strings.ReplaceAll(url.PathEscape(id), "%2F", "/"), id)
		}
		return path
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = unescape(s, url.PathUnescape)
		if i == 4 { // /instances/ID/users/USER
			segments[i] = strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(segments[i]))
		}
	}
	return strings.Join(segments, "/")
}

// sameEnds evens out what a path with the text of an id as it is leads to: with ?
// as join, which of the parameters is the first.
func sameEnds(client, our request, join string) (request, request) {
	if join == "?" {
		client.Query, our.Query = strings.ReplaceAll(client.Query, "?", "&"), strings.ReplaceAll(our.Query, "?", "&")
	}
	if _, err := url.PathUnescape(our.Path); err != nil { // then requests escapes each % again
		client.Path = strings.ReplaceAll(client.Path, "%25", "%")
	}
	return client, our
}

// rawParameters are those that go into the query as they are, each as
// "action name".
var rawParameters = regexp.MustCompile(`^(trove\.\w+ |(zun\.\w+|magnum\.mservices)_list (marker|sort_key|sort_dir)$|ironic\.\w+ |mistral\.(actions|workbooks|workflows)_\w+ (scope|namespace)$)`)

// rawQuery puts ours there in the same way. What follows a # is not sent.
func rawQuery(c call, client, our end) (end, end) {
	for i, r := range our.requests {
		if r.Query == "" || i >= len(client.requests) {
			continue
		}
		theirs := client.requests[i].Query
		var parts []string
		cut := false
		for part := range strings.SplitSeq(r.Query, "&") {
			name, v, _ := strings.Cut(part, "=")
			if rawParameters.MatchString(c.Action + " " + name) {
				v = unescape(v, url.QueryUnescape)
				if _, err := url.QueryUnescape(v); err != nil { // then requests escapes each % again
					theirs = strings.ReplaceAll(theirs, "%25", "%")
				}
				before, _, fragment := strings.Cut(v, "#")
				part, cut = name+"="+before, cut || fragment
			}
			parts = append(parts, part)
		}
		if cut { // our order is not the client's
			parts = slices.DeleteFunc(parts, func(part string) bool {
				name, _, _ := strings.Cut(part, "=")
				return !strings.Contains("&"+theirs, "&"+name+"=")
			})
		}
		client.requests[i].Query, our.requests[i].Query = theirs, strings.Join(parts, "&")
	}
	return client, our
}
