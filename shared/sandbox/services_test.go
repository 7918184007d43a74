package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/backups"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/snapshots"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/volumes"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/projects"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/roles"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/users"
	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/imagedata"
	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/images"
	"github.com/gophercloud/gophercloud/v2/pagination"
	"github.com/sirocco-workflows/sirocco/shared/sandbox"
)

func TestSnapshotsAndBackups(t *testing.T) {
	s := start(t, sandbox.Options{Empty: true, Progress: sandbox.Progress{Reads: -1}})
	client := must[*gophercloud.ServiceClient](t)(openstack.NewBlockStorageV3(login(t, s, "alpha", "demo"), gophercloud.EndpointOpts{Region: "RegionOne"}))
	ctx := t.Context()
	vol := must[*volumes.Volume](t)(volumes.Create(ctx, client, volumes.CreateOpts{Size: 2, Name: "v", Metadata: map[string]string{"a": "b"}}, nil).Extract())
	snap := must[*snapshots.Snapshot](t)(snapshots.Create(ctx, client, snapshots.CreateOpts{VolumeID: vol.ID, Name: "s"}).Extract())
	if got := must[*snapshots.Snapshot](t)(snapshots.Get(ctx, client, snap.ID).Extract()); got.Status != "available" || got.Size != 2 {
		t.Errorf("snapshot %+v", got)
	}
	if err := volumes.Delete(ctx, client, vol.ID, nil).ExtractErr(); !gophercloud.ResponseCodeIs(err, 400) {
		t.Errorf("deleting a volume with a snapshot: %v", err)
	}
	if _, err := volumes.Create(ctx, client, volumes.CreateOpts{Size: 1, SnapshotID: snap.ID}, nil).Extract(); !gophercloud.ResponseCodeIs(err, 400) {
		t.Errorf("a volume smaller than its snapshot: %v", err)
	}
	copied := must[*volumes.Volume](t)(volumes.Create(ctx, client, volumes.CreateOpts{Size: 5, SnapshotID: snap.ID}, nil).Extract())
	if copied.SnapshotID != snap.ID {
		t.Errorf("copy %+v", copied)
	}
	if err := volumes.ExtendSize(ctx, client, vol.ID, volumes.ExtendSizeOpts{NewSize: 4}).ExtractErr(); err != nil {
		t.Error(err)
	}
	if got := must[*volumes.Volume](t)(volumes.Get(ctx, client, vol.ID).Extract()); got.Size != 4 || got.Metadata["a"] != "b" {
		t.Errorf("extended volume %+v", got)
	}
	b := must[*backups.Backup](t)(backups.Create(ctx, client, backups.CreateOpts{VolumeID: vol.ID, Name: "b"}).Extract())
	if got := must[*backups.Backup](t)(backups.Get(ctx, client, b.ID).Extract()); got.Status != "available" {
		t.Errorf("backup %+v", got)
	}
	restored := must[*backups.Restore](t)(backups.RestoreFromBackup(ctx, client, b.ID, backups.RestoreOpts{}).Extract())
	if got := must[*volumes.Volume](t)(volumes.Get(ctx, client, restored.VolumeID).Extract()); got.Status != "available" || got.Size != 4 {
		t.Errorf("restored volume %+v", got)
	}
	n := 0
	err := volumes.List(client, volumes.ListOpts{Limit: 2}).EachPage(ctx, func(_ ctx_, page pagination.Page) (bool, error) {
		got, err := volumes.ExtractVolumes(page)
		n += len(got)
		return true, err
	})
	if err != nil || n != 3 {
		t.Errorf("%d volumes in pages of 2: %v", n, err)
	}
}

func TestImageData(t *testing.T) {
	s := start(t, sandbox.Options{})
	client := must[*gophercloud.ServiceClient](t)(openstack.NewImageV2(login(t, s, "beta", "demo"), gophercloud.EndpointOpts{Region: "RegionFive"}))
	ctx := t.Context()
	img := must[*images.Image](t)(images.Create(ctx, client, images.CreateOpts{Name: "i", DiskFormat: "raw", ContainerFormat: "bare"}).Extract())
	if img.Status != images.ImageStatusQueued {
		t.Errorf("new image %+v", img)
	}
	if err := imagedata.Upload(ctx, client, img.ID, strings.NewReader("the data")).ExtractErr(); err != nil {
		t.Fatal(err)
	}
	body, err := imagedata.Download(ctx, client, img.ID).Extract()
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(body)
	if err != nil || string(data) != "the data" {
		t.Errorf("downloaded %q, %v", data, err)
	}
	img = must[*images.Image](t)(images.Update(ctx, client, img.ID, images.UpdateOpts{images.ReplaceImageName{NewName: "j"},
		images.UpdateImageProperty{Op: images.AddOp, Name: "os", Value: "none"}}).Extract())
	if img.Name != "j" || img.Properties["os"] != "none" || img.SizeBytes != 8 || img.Checksum == "" {
		t.Errorf("updated image %+v", img)
	}
	if _, err := images.Create(ctx, client, images.CreateOpts{Name: "p", Visibility: ptr(images.ImageVisibilityPublic)}).Extract(); !gophercloud.ResponseCodeIs(err, 403) {
		t.Errorf("a member publishes an image: %v", err)
	}
	n := 0
	err = images.List(client, images.ListOpts{Limit: 1}).EachPage(ctx, func(_ ctx_, page pagination.Page) (bool, error) {
		got, err := images.ExtractImages(page)
		n += len(got)
		return true, err
	})
	if err != nil || n != 3 {
		t.Errorf("%d images in pages of one: %v", n, err)
	}
	if err := images.Delete(ctx, client, img.ID).ExtractErr(); err != nil {
		t.Error(err)
	}
}

func ptr[T any](v T) *T { return &v }

const template = `
heat_template_version: 2018-08-31
parameters:
  size: {type: number, default: 1}
resources:
  vol: {type: OS::Cinder::Volume, properties: {size: {get_param: size}}}
  att: {type: OS::Cinder::VolumeAttachment, depends_on: vol}
outputs:
  size: {value: {get_param: size}}
`

func TestStack(t *testing.T) {
	s := start(t, sandbox.Options{Empty: true})
	tok := tokenFor(t, s, "alpha", "demo")
	base := s.URL() + "/alpha/RegionOne/orchestration/v1/" + s.ProjectID("alpha", "demo") + "/stacks"
	call := func(method, path string, body any, status int) map[string]any {
		t.Helper()
		text := []byte{}
		if body != nil {
			text = must[[]byte](t)(json.Marshal(body))
		}
		a := do(t, http.DefaultClient, method, base+path, tok, string(text))
		if a.StatusCode != status {
			t.Fatalf("%s %s: %s %s", method, path, a.Status, a.body)
		}
		if len(a.body) == 0 {
			return nil
		}
		return a.decode(t)
	}
	in := map[string]any{"stack_name": "st", "template": template, "parameters": map[string]any{"size": 7}}
	id := call("POST", "", in, 201)["stack"].(map[string]any)["id"].(string)
	call("POST", "", in, 409)
	for _, want := range []string{"CREATE_IN_PROGRESS", "CREATE_COMPLETE"} {
		got := call("GET", "/st/"+id, nil, 200)["stack"].(map[string]any)
		out := got["outputs"].([]any)[0].(map[string]any)
		if got["stack_status"] != want || out["output_value"] != 7.0 {
			t.Errorf("stack is %s, want %s; output %v", got["stack_status"], want, out)
		}
	}
	if got := call("GET", "/st", nil, 200)["stack"].(map[string]any); got["id"] != id { // by a redirect
		t.Errorf("found by name: %v", got)
	}
	res := call("GET", "/st/resources", nil, 200)["resources"].([]any)
	if len(res) != 2 || res[0].(map[string]any)["resource_status"] != "CREATE_COMPLETE" {
		t.Errorf("resources %v", res)
	}
	events := call("GET", "/st/"+id+"/events", nil, 200)["events"].([]any)
	if len(events) != 6 {
		t.Errorf("%d events", len(events))
	}
	call("PATCH", "/st/"+id, map[string]any{"parameters": map[string]any{"size": 8}}, 202)
	call("PATCH", "/st/"+id, map[string]any{}, 409)
	call("GET", "/st/"+id, nil, 200)
	if got := call("GET", "/st/"+id, nil, 200)["stack"].(map[string]any); got["stack_status"] != "UPDATE_COMPLETE" {
		t.Errorf("updated stack %v", got)
	}
	call("DELETE", "/st/"+id, nil, 204)
	call("GET", "/st/"+id, nil, 404)
	for _, bad := range []string{"heat_template_version: 2018-08-31\nresources: {x: {type: Nope}}", "resources: {}", "[1", ""} {
		call("POST", "", map[string]any{"stack_name": "b", "template": bad}, 400)
	}
	in["parameters"] = map[string]any{"color": "red"}
	call("POST", "", in, 400)
	id = call("POST", "", map[string]any{"stack_name": "f", "template": "heat_template_version: 2018-08-31\nresources: {x: {type: OS::Sandbox::Fail}}"}, 201)["stack"].(map[string]any)["id"].(string)
	call("GET", "/f/"+id, nil, 200)
	if got := call("GET", "/f/"+id, nil, 200)["stack"].(map[string]any); got["stack_status"] != "CREATE_FAILED" {
		t.Errorf("failing stack %v", got)
	}
}

// TestNewProject makes a project and a user by Keystone, who then logs in.
func TestNewProject(t *testing.T) {
	s := start(t, sandbox.Options{})
	admin := must[*gophercloud.ServiceClient](t)(openstack.NewIdentityV3(login(t, s, "alpha", "admin"), gophercloud.EndpointOpts{Region: "RegionOne"}))
	ctx := t.Context()
	p := must[*projects.Project](t)(projects.Create(ctx, admin, projects.CreateOpts{Name: "new"}).Extract())
	u := must[*users.User](t)(users.Create(ctx, admin, users.CreateOpts{Name: "eve", Password: "pw"}).Extract())
	logIn := func() error {
		_, err := openstack.AuthenticatedClient(ctx, gophercloud.AuthOptions{IdentityEndpoint: s.AuthURL("alpha"), UserID: u.ID, Password: "pw",
			Scope: &gophercloud.AuthScope{ProjectID: p.ID}})
		return err
	}
	if err := logIn(); !gophercloud.ResponseCodeIs(err, 401) {
		t.Errorf("a project without a role: %v", err)
	}
	all := must[[]roles.Role](t)(roles.ExtractRoles(must[pagination.Page](t)(roles.List(admin, roles.ListOpts{Name: "member"}).AllPages(ctx))))
	if len(all) != 1 {
		t.Fatalf("roles %+v", all)
	}
	grant := roles.AssignOpts{UserID: u.ID, ProjectID: p.ID}
	if err := roles.Assign(ctx, admin, all[0].ID, grant).ExtractErr(); err != nil {
		t.Fatal(err)
	}
	if err := logIn(); err != nil {
		t.Error(err)
	}
	if err := roles.Unassign(ctx, admin, all[0].ID, roles.UnassignOpts(grant)).ExtractErr(); err != nil {
		t.Fatal(err)
	}
	if err := logIn(); !gophercloud.ResponseCodeIs(err, 401) {
		t.Errorf("after the role has gone: %v", err)
	}
}

// TestErrorsHaveTheServicesShape goes through refusals of each service.
func TestErrorsHaveTheServicesShape(t *testing.T) {
	s := start(t, sandbox.Options{})
	tok := tokenFor(t, s, "alpha", "demo")
	region := s.URL() + "/alpha/RegionOne"
	pid := s.ProjectID("alpha", "demo")
	for _, c := range []struct {
		method, url string
		status      int
		keys        []string // of the document and of what is in its first member
	}{
		{"GET", region + "/compute/v2.1/servers/x", 404, []string{"itemNotFound", "code", "message"}},
		{"GET", region + "/compute/v2.1/nope", 404, []string{"code", "message", "title"}},
		{"DELETE", region + "/compute/v2.1/flavors/1", 403, []string{"forbidden", "code", "message"}},
		{"GET", region + "/compute/v2.1/servers?limit=x", 400, []string{"badRequest", "code", "message"}},
		{"GET", region + "/network/v2.0/networks/x", 404, []string{"NeutronError", "type", "message", "detail"}},
		{"GET", region + "/network/v2.0/nope", 404, []string{"NeutronError", "type", "message", "detail"}},
		{"GET", region + "/image/v2/images/x", 404, []string{"code", "message", "title"}},
		{"GET", region + "/volume/v3/" + pid + "/volumes/x", 404, []string{"itemNotFound", "code", "message"}},
		{"GET", region + "/volume/v3/" + strings.Repeat("0", 32) + "/volumes", 400, []string{"badRequest", "code", "message"}},
		{"GET", region + "/orchestration/v1/" + pid + "/stacks/x/y", 404, []string{"code", "title", "explanation", "error"}},
		{"GET", s.AuthURL("alpha") + "/users", 403, []string{"error", "code", "message", "title"}},
		{"GET", s.AuthURL("alpha") + "/projects/x", 403, []string{"error", "code", "message", "title"}},
	} {
		a := do(t, http.DefaultClient, c.method, c.url, tok, "")
		doc := a.decode(t)
		var keys []string
		for k, v := range doc {
			keys = append(keys, k)
			if m, is := v.(map[string]any); is && len(doc) == 1 {
				for k := range m {
					keys = append(keys, k)
				}
			}
		}
		slices.Sort(keys)
		slices.Sort(c.keys)
		if a.StatusCode != c.status || !slices.Equal(keys, c.keys) {
			t.Errorf("%s %s: %d %v, want %d %v", c.method, c.url, a.StatusCode, keys, c.status, c.keys)
		}
		if !strings.HasPrefix(a.Header.Get("X-Openstack-Request-Id"), "req-") {
			t.Errorf("%s %s has no request id", c.method, c.url)
		}
	}
}

func TestMicroversions(t *testing.T) {
	s := start(t, sandbox.Options{})
	tok := tokenFor(t, s, "alpha", "demo")
	url := s.URL() + "/alpha/RegionOne/compute/v2.1/servers/detail"
	for _, c := range []struct {
		header, value string
		status        int
		got           string
		description   bool
	}{
		{"Accept", "application/json", 200, "compute 2.1", false},
		{"OpenStack-API-Version", "compute 2.18", 200, "compute 2.18", false},
		{"OpenStack-API-Version", "compute 2.19", 200, "compute 2.19", true},
		{"X-OpenStack-Nova-API-Version", "2.30", 200, "compute 2.30", true},
		{"OpenStack-API-Version", "volume 3.5, compute latest", 200, "compute 2.93", true},
		{"OpenStack-API-Version", "volume 3.5", 200, "compute 2.1", false},
		{"OpenStack-API-Version", "compute 2.999", 406, "compute 2.1", false},
		{"OpenStack-API-Version", "compute x", 400, "compute 2.1", false},
	} {
		a := do(t, http.DefaultClient, "GET", url, tok, "", c.header, c.value)
		if a.StatusCode != c.status || a.Header.Get("OpenStack-API-Version") != c.got || strings.Contains(string(a.body), `"description"`) != c.description {
			t.Errorf("%s %s: %d %s %.80s", c.header, c.value, a.StatusCode, a.Header.Get("OpenStack-API-Version"), a.body)
		}
	}
}
