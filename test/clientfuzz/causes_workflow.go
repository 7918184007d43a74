package main

import (
	"net/url"
	"strings"
)

// What ironic's and mistral's clients make of arguments.

// zeroID: these clients take an id that is 0 or false for none; they then show nothing, or
// ask for the collection, to delete it too.
func zeroID(c call, client, our end) bool {
	if !strings.HasPrefix(c.Action, "ironic.") && !strings.HasPrefix(c.Action, "mistral.workbooks_") || !hasZero(c.Input) || len(our.requests) == 0 {
		return false
	}
	path, isZero := strings.CutSuffix(our.requests[0].Path, "/0")
	if !isZero {
		path, isZero = strings.CutSuffix(our.requests[0].Path, "/False")
	}
	if len(client.requests) == 0 {
		return isZero && strings.HasPrefix(client.raised, "ValidationError: The identifier argument is invalid")
	}
	return isZero && client.requests[0].Path == path
}

// ownProject: with Mistral's session mistral's client does not know the project.
func ownProject(c call, client, our end) (end, end) {
	for i := range our.requests {
		r := &our.requests[i]
		if before, ok := strings.CutSuffix(r.Path, "/members/p1"); ok && strings.HasPrefix(c.Action, "mistral.members_") {
			r.Path = before + "/members/None"
		}
	}
	return client, our
}

// noNamespace: mistral's client puts the namespace into the path of an action as it is.
func noNamespace(c call, client, our end) (end, end) {
	v, given := c.Input.Get("namespace")
	for i := range our.requests {
		r := &our.requests[i]
		if strings.HasSuffix(r.Path, "/") && given && v == nil && strings.HasPrefix(c.Action, "mistral.actions_") {
			r.Path += "None"
		}
	}
	return client, our
}

// fieldsOfText: of a text both clients ask for its letters as fields.
func fieldsOfText(c call, client, our end) (end, end) {
	v, _ := c.Input.Get("fields")
	text, ok := v.(string)
	joined := strings.Join(strings.Split(text, ""), ",")
	if !ok {
		return client, our
	}
	for i, r := range our.requests {
		pairs := strings.Split(r.Query, "&")
		for j, p := range pairs {
			if name, v, _ := strings.Cut(p, "="); name == "fields" && unescape(v, url.QueryUnescape) == text {
				pairs[j] = "fields=" + url.QueryEscape(joined)
			}
		}
		our.requests[i].Query = strings.Join(pairs, "&")
	}
	return client, our
}
