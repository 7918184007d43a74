package main

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

func get(path, query string) request {
	return request{Method: "GET", Service: "nova", Path: path, Query: query, Header: http.Header{}}
}

func post(body string) request {
	return request{Method: "POST", Service: "nova", Path: "/servers", Body: body, Header: http.Header{"Content-Type": {"application/json"}}}
}

func sends(requests ...request) end { return end{requests: requests} }

func TestCompare(t *testing.T) {
	refused := ours(nil, actions.InvalidInput{Action: "nova.x", Message: "parameter server must be an id or a name, not null"})
	other := ours(nil, actions.InvalidInput{Action: "nova.x", Message: "this can't be"})
	none := value.NewMap(0)
	for _, tc := range []struct {
		name        string
		input       *value.Map
		client, our end
		cause       string
	}{
		{"the same", none, sends(get("/servers", "")), sends(get("/servers", "")), ""},
		{"escaped in two ways", none, sends(get("/servers/a%20%7E", "a=x+y")), sends(get("/servers/a%20~", "a=x%20y")), ""},
		{"parameters in two orders", none, sends(get("/servers", "a=1&b=2")), sends(get("/servers", "b=2&a=1")), ""},
		{"one parameter's values in two orders", none, sends(get("/servers", "a=1&a=2")), sends(get("/servers", "a=2&a=1")), differs},
		{"another path", none, sends(get("/servers/1", "")), sends(get("/servers/2", "")), differs},
		{"keys in two orders", none, sends(post(`{"a": 1, "b": {"c": "é", "d": 2}}`)), sends(post(`{"b":{"d":2,"c":"\u00e9"},"a":1}`)), ""},
		{"an integer and a float", none, sends(post(`{"a": 1}`)), sends(post(`{"a": 1.0}`)), differs},
		{"null and nothing", none, sends(post(`{"a": null}`)), sends(post(`{}`)), differs},
		{"one more", none, sends(get("/servers", "")), sends(get("/servers", ""), get("/servers", "")), differs},
		{"both refuse", none, end{raised: "TypeError: no"}, refused, nothingSent},
		{"only we refuse", none, sends(get("/servers", "")), other, differs},
		{"only the client refuses", none, end{raised: "ValueError: no"}, sends(get("/servers", "")), differs},
		{"only the client refuses, and we send nothing", none, end{raised: "ValueError: no"}, end{}, differs},
		{"no id", none, sends(get("/servers/None", "")), refused, "a path without an id is refused"},
		{"an id with a slash", value.MapOf("server", "a/b"), sends(get("/servers/a/b", "")), sends(get("/servers/a%2Fb", "")), differs},
		{"a slash out of nowhere", none, sends(get("/servers/a/b", "")), sends(get("/servers/a%2Fb", "")), differs},
		{"an id with a query", value.MapOf("server", "a?b=c"), sends(get("/servers/a", "b=c&d=1")), sends(get("/servers/a%3Fb=c", "d=1")), "an id is escaped"},
		{"an id with a #", value.MapOf("server", "#x"), sends(get("/servers/", "")), sends(get("/servers/%23x/action", "d=1")), "an id is escaped"},
		{"an id and another query", value.MapOf("server", "a/b"), sends(get("/servers/a/b", "d=2")), sends(get("/servers/a%2Fb", "d=1")), differs},
		{"the text None", value.MapOf("name", nil), sends(get("/servers", "name=None")), sends(get("/servers", "")), "an argument that is null is left out"},
		{"None that was given", value.MapOf("name", "None"), sends(get("/servers", "name=None")), sends(get("/servers", "")), differs},
		{"two causes", value.MapOf("name", nil, "id", "a%b"), sends(get("/servers/a%25b", "name=None")), sends(get("/servers/a%25b", "")),
			"an argument that is null is left out"},
	} {
		v := compare(call{"nova.x", tc.input}, tc.client, tc.our)
		if v.cause != tc.cause {
			t.Errorf("%s: %q, not %q\n%s", tc.name, v.cause, tc.cause, v.text)
		}
	}
}

func TestHeadersThatMatter(t *testing.T) {
	a, b := get("/servers", ""), get("/servers", "")
	a.Header.Set("User-Agent", "python")
	a.Header.Set("X-Auth-Token", "t")
	if v := compare(call{}, sends(a), sends(b)); v.cause != "" {
		t.Error(v.text)
	}
	a.Header.Set("If-Match", "1")
	if v := compare(call{Input: value.NewMap(0)}, sends(a), sends(b)); v.cause != differs || !strings.Contains(v.text, "If-Match: 1") {
		t.Errorf("%q\n%s", v.cause, v.text)
	}
}

func TestEndOfOurs(t *testing.T) {
	if e := ours(nil, errors.New("no route")); e.refused || e.raised != "no route" {
		t.Errorf("%+v", e)
	}
	if e := ours(nil, nil); e.refused || e.raised != "" {
		t.Errorf("%+v", e)
	}
}

func TestLocate(t *testing.T) {
	for _, tc := range []struct{ path, service, below string }{
		{"/compute/v2.1/servers/1", "nova", "/servers/1"},
		{"/network/v2.0/networks", "neutron", "/v2.0/networks"},
		{"/volume/v3/p1/volumes", "cinder", "/volumes"},
		{"/volume/", "cinder", "(root)/"},
		{"/volume/v3/", "cinder", "(root)/v3/"},
		{"/compute", "nova", "(root)/"},
		{"/container-infra/v1/bays", "magnum", "/bays"},
		{"/container/v1/containers", "zun", "/containers"},
		{"/elsewhere", "", "(root)/elsewhere"},
	} {
		r := locate(request{Path: tc.path})
		got := r.Path
		if r.Root {
			got = "(root)" + got
		}
		if r.Service != tc.service || got != tc.below {
			t.Errorf("%s: %s %s, not %s %s", tc.path, r.Service, got, tc.service, tc.below)
		}
	}
}
