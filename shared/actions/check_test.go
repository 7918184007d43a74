package actions

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

func lookup(t testing.TB, name string) *Action {
	a, err := newRegistry(t).Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestLookup(t *testing.T) {
	r := newRegistry(t)
	for _, name := range []string{"nova.servers_list", "keystone.oauth1.consumers_list", "std.echo", "openstack.regions"} {
		a, ok := r.Lookup(name)
		if !ok || a.Name != name {
			t.Errorf("%s: %v %v", name, a, ok)
		}
		again, _ := r.Lookup(name)
		if a != again {
			t.Errorf("%s is decoded twice", name)
		}
	}
	for _, name := range []string{"", "nova", "nova.", "nova.nothing", "nothing.servers_list", "project.regions", ".", "std.echo.x"} {
		if a, ok := r.Lookup(name); ok {
			t.Errorf("%q: %v", name, a)
		}
	}
	names := r.Names()
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("%d names, not sorted or not different", len(names))
	}
}

// TestMapping: every name of Mistral's mapping is there, and no other name of a
// service of OpenStack's.
func TestMapping(t *testing.T) {
	text, err := os.ReadFile("testdata/mapping.txt")
	if err != nil {
		t.Fatal(err)
	}
	mapping := strings.Fields(string(text))
	var got []string
	for _, name := range newRegistry(t).Names() {
		if !strings.HasPrefix(name, "std.") && !strings.HasPrefix(name, "openstack.") {
			got = append(got, name)
		}
	}
	if diff := cmp.Diff(mapping, got); diff != "" {
		t.Error(diff)
	}
	if len(mapping) != 1200 {
		t.Errorf("%d names in the mapping", len(mapping))
	}
}

func TestSuggest(t *testing.T) {
	r := newRegistry(t)
	for name, want := range map[string]string{
		"nova.server_list":       "nova.servers_list",
		"nova.Servers_List":      "nova.servers_list",
		"neutron.networks_list":  "neutron.list_networks",
		"std.ecko":               "std.echo",
		"std.htpp":               "std.http",
		"openstack.region":       "openstack.regions",
		"nova.sevrers_create":    "nova.servers_create",
		"completely.otherwise_x": "",
	} {
		got := append(r.Suggest(name), "")[0]
		if got != want {
			t.Errorf("%s: %q; want %q", name, got, want)
		}
	}
	_, err := r.Find("nova.server_list")
	if want := `there is no action "nova.server_list"; did you mean nova.servers_list?`; err == nil || err.Error() != want {
		t.Errorf("%v; want %s", err, want)
	}
}

func TestCheckInput(t *testing.T) {
	for _, tc := range []struct {
		action, names, want string
	}{
		{"nova.servers_get", "server", ""},
		{"nova.servers_get", "server action_region region cloud auth_url interface", ""},
		{"nova.servers_get", "", "nova.servers_get: missing parameter server"},
		{"nova.servers_get", "sever", `nova.servers_get: unknown parameter "sever"; did you mean server?`},
		{"nova.servers_get", "server x", `nova.servers_get: unknown parameter "x"; it takes server`},
		{"nova.servers_get", "server reggion", `nova.servers_get: unknown parameter "reggion"; did you mean region?`},
		{"nova.servers_create", "name", "nova.servers_create: missing parameter image, flavor"},
		{"nova.servers_create", "name image flavor nics anything", ""},
		{"std.noop", "x", `std.noop: unknown parameter "x"; it takes no parameters`},
		{"std.noop", "region", `std.noop: unknown parameter "region"; it takes no parameters`},
		{"std.echo", "output region", `std.echo: unknown parameter "region"; it takes output, delay`},
		{"keystone.regions_get", "", "keystone.regions_get: missing parameter region"},
		{"keystone.regions_get", "region action_region", ""},
		{"openstack.regions", "cloud", ""},
		{"openstack.regions", "service", `openstack.regions: unknown parameter "service"; it takes service_type`},
	} {
		err := lookup(t, tc.action).CheckInput(strings.Fields(tc.names))
		if got := errText(err); got != tc.want {
			t.Errorf("%s(%s): %q; want %q", tc.action, tc.names, got, tc.want)
		}
		if err != nil && !errors.As(err, new(InvalidInput)) {
			t.Errorf("%s(%s): %T", tc.action, tc.names, err)
		}
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestCheckValues(t *testing.T) {
	for _, tc := range []struct{ action, input, want string }{
		{"nova.servers_list", `{"detailed": false, "limit": 5, "search_opts": {"a": 1}, "sort_keys": ["x"]}`, ""},
		{"nova.servers_list", `{"detailed": null, "limit": null, "search_opts": null}`, ""},
		{"nova.servers_list", `{"detailed": 1, "limit": "5"}`, ""},
		{"nova.servers_list", `{"detailed": "no"}`, "nova.servers_list: parameter detailed must be true or false, not a string"},
		{"nova.servers_list", `{"detailed": 2}`, "nova.servers_list: parameter detailed must be true or false, not a number"},
		{"nova.servers_list", `{"limit": "many"}`, "nova.servers_list: parameter limit must be an integer, not a string"},
		{"nova.servers_list", `{"limit": 1.5}`, "nova.servers_list: parameter limit must be an integer, not a number"},
		{"nova.servers_list", `{"limit": [1]}`, "nova.servers_list: parameter limit must be an integer, not a list"},
		{"nova.servers_list", `{"search_opts": "name=x"}`, "nova.servers_list: parameter search_opts must be a dictionary, not a string"},
		{"nova.servers_list", `{"sort_keys": "x"}`, "nova.servers_list: parameter sort_keys must be a list, not a string"},
		{"nova.servers_list", `{"region": 5}`, "nova.servers_list: parameter region must be a string, not a number"},
		{"nova.flavors_create", `{"name": "f", "ram": 1, "vcpus": 99999999999999999999999, "disk": 1, "rxtx_factor": 1}`, ""},
		{"neutron.create_network", `{"body": "x"}`, "neutron.create_network: parameter body must be a dictionary, not a string"},
	} {
		err := lookup(t, tc.action).CheckValues(decodeInput(t, json.RawMessage(tc.input)))
		if got := errText(err); got != tc.want {
			t.Errorf("%s(%s): %q; want %q", tc.action, tc.input, got, tc.want)
		}
	}
}

func TestErrorNames(t *testing.T) {
	for name, err := range map[string]error{"ActionNotFound": ActionNotFound{}, "InvalidInput": InvalidInput{}, "ActionFailed": ActionFailed{}} {
		if got := reflect.TypeOf(err).Name(); got != name {
			t.Errorf("%s is called %s", name, got)
		}
	}
}

func TestRedact(t *testing.T) {
	input := decodeInput(t, json.RawMessage(`{"name": "n", "admin_pass": "planted", "meta": {"password": "planted", "x": [{"auth_key": "planted", "keep": 1}]}, "kept": null}`))
	before, _ := value.Encode(input)
	got, _ := value.Encode(lookup(t, "nova.servers_create").Redact(input))
	want := `{"name":"n","admin_pass":"***","meta":{"password":"***","x":[{"auth_key":"***","keep":1}]},"kept":null}`
	if string(got) != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if after, _ := value.Encode(input); string(after) != string(before) {
		t.Error("the input has changed")
	}
}

// TestSecretParams names every parameter that is a secret, so that none is
// forgotten: what a name suggests must be marked.
func TestSecretParams(t *testing.T) {
	r := newRegistry(t)
	for _, name := range r.Names() {
		for _, p := range lookup(t, name).Params {
			suspicious := isSecretKey(p.Name) || strings.Contains(p.Name, "pass") && !strings.Contains(p.Name, "passthru")
			if suspicious && !p.Secret {
				t.Errorf("%s: %s is not marked secret", name, p.Name)
			}
		}
	}
}

func TestReadOnly(t *testing.T) {
	for name, want := range map[string]bool{
		"nova.servers_list": true, "nova.servers_get": true, "nova.servers_create": false, "nova.servers_delete": false,
		"nova.servers_get_console_output": true, "nova.servers_find": true, "nova.servers_delete_meta": false,
		"cinder.backups_delete": false, "cinder.qos_specs_associate": false, "keystone.roles_check": true, "keystone.roles_grant": false,
		"glance.images_data": true, "glance.images_update": false, "heat.stacks_preview": true, "heat.stacks_list": true,
		"neutron.list_networks": true, "neutron.update_port": false, "std.noop": true, "std.echo": true, "std.http": false,
		"std.javascript": true, "openstack.regions": true,
	} {
		if got := lookup(t, name).ReadOnly; got != want {
			t.Errorf("%s: read-only is %v", name, got)
		}
	}
}
