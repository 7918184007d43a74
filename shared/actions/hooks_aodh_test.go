package actions

import (
	"net/http"
	"testing"
)

func TestAodhSends(t *testing.T) {
	cloud := newStubCloud(t)
	alarm := `{"name": "a", "type": "event", "enabled": true, "event_rule": {"event_type": "x", "query": []}}`
	cloud.answer = func(r stubRequest) (int, http.Header, string) { return 200, nil, alarm }
	checkSends(t, cloud, []sendCase{
		{action: "aodh.alarm_create", input: `{"alarm": {"type": "event", "event_rule": {}, "threshold_rule": {"a": 1}, "prometheus_rule": {}}}`, want: []string{
			`POST /v2/alarms {"type":"event","event_rule":{},"prometheus_rule":{}}`}},
		{action: "aodh.alarm_create", input: `{"alarm": {"name": "a"}}`, err: "must have a type"},
		{action: "aodh.alarm_update", input: `{"alarm_id": "i", "alarm_update": {}}`, want: []string{"GET /v2/alarms/i",
			`PUT /v2/alarms/i {"name":"a","type":"event","enabled":true,"event_rule":{"event_type":"x","query":[]}}`}},
		{action: "aodh.alarm_update", input: `{"alarm_id": "i", "alarm_update": {"name": null, "event_rule": {"event_type": "y", "more": 1}, "composite_rule": {"x": 1}}}`, want: []string{"GET /v2/alarms/i",
			`PUT /v2/alarms/i {"name":null,"type":"event","enabled":true,"event_rule":{"event_type":"y","query":[],"more":1}}`}},
		{action: "aodh.alarm_update", input: `{"alarm_id": "i", "alarm_update": {"type": "composite", "event_rule": {"event_type": "y"}, "composite_rule": {"or": []}}}`, want: []string{"GET /v2/alarms/i",
			`PUT /v2/alarms/i {"name":"a","type":"composite","enabled":true,"composite_rule":{"or":[]}}`}},
		{action: "aodh.alarm_update", input: `{"alarm_id": "i", "alarm_update": {"type": "gnocchi_resources_threshold", "gnocchi_resources_threshold_rule": {"metric": "cpu"}}}`, want: []string{"GET /v2/alarms/i",
			`PUT /v2/alarms/i {"name":"a","type":"gnocchi_resources_threshold","enabled":true,"gnocchi_resources_threshold_rule":{"metric":"cpu"}}`}},
		{action: "aodh.alarm_update", input: `{"alarm_id": "i", "alarm_update": {"type": "threshold", "threshold_rule": {"a": 1}}}`, want: []string{"GET /v2/alarms/i",
			`PUT /v2/alarms/i {"name":"a","type":"threshold","enabled":true,"event_rule":{"event_type":"x","query":[]},"threshold_rule":{"a":1}}`}},
		{action: "aodh.alarm_list", input: `{"filters": {"type": "event", "name": "a&b", "enabled": true, "user": null}, "limit": 0, "sorts": []}`, want: []string{
			"GET /v2/alarms?q.field=enabled&q.field=name&q.field=type&q.field=user&q.op=eq&q.op=eq&q.op=eq&q.op=eq&q.value=True&q.value=a%26b&q.value=event&q.value=None"}},
		{action: "aodh.alarm_history_get", input: `{"alarm_id": "a b", "sorts": ["timestamp:desc", "é"]}`, want: []string{
			"GET /v2/alarms/a%20b/history?sort=timestamp%3Adesc&sort=%C3%A9"}},
		{action: "aodh.alarm_history_search", input: `{"query": ""}`, want: []string{"POST /v2/query/alarms/history {}"}},
		{action: "aodh.alarm_query", input: `{"query": {"=": {"type": "event"}}}`, want: []string{`POST /v2/query/alarms {"filter":{"=":{"type":"event"}}}`}},
		{action: "aodh.alarm_set_state", input: `{"alarm_id": "i", "state": "insufficient data"}`, want: []string{`PUT /v2/alarms/i/state "insufficient data"`}},
	})
}
