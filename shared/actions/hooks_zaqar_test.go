package actions

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
)

func TestZaqarSends(t *testing.T) {
	cloud := newStubCloud(t)
	cloud.answer = func(stubRequest) (int, http.Header, string) { return 200, nil, `{"messages": [{"id": "m"}]}` }
	checkSends(t, cloud, []sendCase{
		{action: "zaqar.queue_post", input: `{"queue_name": "q-1", "messages": {"body": 1}}`, want: []string{`POST /v2/queues/q-1/messages {"messages":[{"body":1}]}`}},
		{action: "zaqar.queue_post", input: `{"queue_name": "q/é", "messages": {"body": 1}}`, err: "digits, underscores and dashes"},
		{action: "zaqar.queue_post", input: `{"queue_name": "q", "messages": []}`, want: []string{`POST /v2/queues/q/messages {"messages":[]}`}},
		{action: "zaqar.queue_post", input: `{"queue_name": "q", "messages": null}`, want: []string{`POST /v2/queues/q/messages {"messages":[null]}`}},
		{action: "zaqar.queue_messages", input: `{"queue_name": "q", "echo": false, "limit": null, "other": ["a", null]}`, want: []string{"GET /v2/queues/q/messages?echo=False&other=a"}},
		{action: "zaqar.delete_messages", input: `{"queue_name": "q", "messages": ["b", "a", "b"]}`, want: []string{"DELETE /v2/queues/q/messages?ids=b&ids=a"}},
		{action: "zaqar.delete_messages", input: `{"queue_name": "q", "messages": []}`, want: []string{"DELETE /v2/queues/q/messages"}},
		{action: "zaqar.claim_messages", input: `{"queue_name": "q", "id": "c", "ttl": 60}`, want: []string{"GET /v2/queues/q/claims/c"}},
		{action: "zaqar.claim_messages", input: `{"queue_name": "q", "id": ""}`, err: "id must be an id"},
		{action: "zaqar.claim_messages", input: `{"queue_name": "q", "lmit": 1}`, err: "did you mean limit"},
	})
}

func TestZaqarResults(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	answer := ""
	cloud.answer = func(stubRequest) (int, http.Header, string) { return 200, nil, answer }
	clients := map[string]bool{}
	for _, tc := range []struct{ action, input, answer, want string }{
		{"zaqar.queue_messages", `{"queue_name": "q"}`, `{"messages": [{"id": "m"}], "links": [{"rel": "next", "href": "x"}]}`, `[{"id":"m"}]`},
		{"zaqar.queue_messages", `{"queue_name": "q"}`, ``, `[]`},
		{"zaqar.claim_messages", `{"queue_name": "q"}`, ``, `[]`},
		{"zaqar.queue_pop", `{"queue_name": "q"}`, `{"messages": []}`, `[]`},
		{"zaqar.queue_post", `{"queue_name": "q", "messages": []}`, `{"resources": ["/v2/x"]}`, `{"resources":["/v2/x"]}`},
		{"zaqar.delete_messages", `{"queue_name": "q", "messages": ["a"]}`, ``, `null`},
	} {
		answer = tc.answer
		out, err := run(t, runner, tc.action, tc.input)
		if err != nil || encode(out.Result) != tc.want {
			t.Errorf("%s: %s, %v", tc.action, encode(out.Result), err)
		}
		id := cloud.take()[0].Header.Get("Client-ID")
		if _, err := uuid.Parse(id); err != nil || clients[id] {
			t.Errorf("%s: Client-ID %q: %v", tc.action, id, err)
		}
		clients[id] = true
	}
}

// TestZaqarPopOnce: messages that were popped are gone, so a lost answer is not
// asked for again.
func TestZaqarPopOnce(t *testing.T) {
	cloud := newStubCloud(t)
	cloud.answer = func(stubRequest) (int, http.Header, string) { return 502, nil, `` }
	_, err := run(t, cloud.runner(), "zaqar.queue_pop", `{"queue_name": "q"}`)
	if n := len(cloud.take()); n != 1 || !errors.As(err, new(openstack.OutcomeUnknown)) {
		t.Errorf("%d requests, %v", n, err)
	}
}
