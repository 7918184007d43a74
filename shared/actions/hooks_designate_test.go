package actions

import (
	"errors"
	"net/http"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
)

const (
	zoneID   = "11111111-1111-4111-8111-111111111111"
	recordID = "22222222-2222-4222-8222-222222222222"
)

func TestDesignateSends(t *testing.T) {
	cloud := newStubCloud(t)
	cloud.answer = func(r stubRequest) (int, http.Header, string) {
		switch {
		case r.Path == "/v2/zones" && r.Query.Get("name") == "i.io.":
			return 200, nil, `{"zones": [{"id": "z1"}]}`
		case r.Path == "/v2/zones":
			return 200, nil, `{"zones": []}`
		case r.Method == http.MethodGet && r.Query.Get("name") == "www.i.io.":
			return 200, nil, `{"recordsets": [{"id": "r1"}]}`
		case r.Method == http.MethodGet && r.Query.Get("name") == "two.i.io.":
			return 200, nil, `{"recordsets": [{"id": "r1"}, {"id": "r2"}]}`
		default:
			return 200, nil, `{"id": "z1", "name": "i.io.", "recordsets": [], "nameservers": []}`
		}
	}
	checkSends(t, cloud, []sendCase{
		{action: "designate.recordset_get", input: `{"zone": "i.io.", "recordset": "www.i.io."}`, want: []string{
			"GET /v2/zones?name=i.io.", "GET /v2/zones/z1/recordsets?name=www.i.io.", "GET /v2/zones/z1/recordsets/r1"}},
		{action: "designate.recordset_update", input: `{"zone": "` + zoneID + `", "recordset": "www.i.io.", "values": {}}`, want: []string{
			"GET /v2/zones/" + zoneID + "/recordsets?name=www.i.io.", "PUT /v2/zones/" + zoneID + "/recordsets/r1 {}"}},
		{action: "designate.recordset_delete", input: `{"zone": "` + zoneID + `", "recordset": "two.i.io."}`, err: "2 have these values", want: []string{
			"GET /v2/zones/" + zoneID + "/recordsets?name=two.i.io."}},
		{action: "designate.nameservers_list", input: `{"zone": "i.io."}`, want: []string{"GET /v2/zones?name=i.io.", "GET /v2/zones/z1/nameservers"}},
		{action: "designate.nameservers_list", input: `{"zone": null}`, err: "zone must be an id or a name, not None"},
		{action: "designate.recordset_create", input: `{"zone": "i.io.", "name": "www", "type_": "A", "records": []}`, want: []string{
			"GET /v2/zones?name=i.io.", "GET /v2/zones/z1", `POST /v2/zones/z1/recordsets {"name":"www.i.io.","type":"A","records":[]}`}},
		{action: "designate.recordset_create", input: `{"zone": {"id": "z9", "name": "j.io."}, "name": "www", "type_": "A", "records": ["1.2.3.4"], "ttl": 0}`, want: []string{
			`POST /v2/zones/z9/recordsets {"name":"www.j.io.","type":"A","records":["1.2.3.4"],"ttl":0}`}},
		{action: "designate.recordset_create", input: `{"zone": "` + zoneID + `", "name": "www.i.io.", "type_": "A", "records": null, "description": ""}`, want: []string{
			`POST /v2/zones/` + zoneID + `/recordsets {"name":"www.i.io.","type":"A","records":null,"description":""}`}},
		{action: "designate.recordset_list", input: `{"zone": "` + zoneID + `", "criterion": {"a": [1], "b": null, "c": true, "d": "é"}, "marker": "", "limit": 0}`, want: []string{
			"GET /v2/zones/" + zoneID + "/recordsets?a=%5B1%5D&b=None&c=True&d=%C3%A9&limit=0&marker="}},
	})
	_, err := run(t, cloud.runner(), "designate.recordset_get", `{"zone": "none.io.", "recordset": "`+recordID+`"}`)
	if !errors.As(err, new(openstack.NotFound)) {
		t.Errorf("a zone that there is not: %v", err)
	}
}

func TestDesignatePages(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = func(r stubRequest) (int, http.Header, string) {
		if r.Query.Get("marker") == "" {
			return 200, nil, `{"pools": [{"id": "a"}], "links": {"self": "x", "next": "http://elsewhere/v2/pools?marker=a&limit=1"}}`
		}
		return 200, nil, `{"pools": [{"id": "b"}], "links": {"self": "x"}}`
	}
	out, err := run(t, runner, "designate.pools_list", `{}`)
	if want := `[{"id":"a"},{"id":"b"}]`; err != nil || encode(out.Result) != want {
		t.Errorf("%s, %v", encode(out.Result), err)
	}
}
