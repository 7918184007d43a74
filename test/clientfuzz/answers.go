package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// keys are the keys of the answers that an action's entry takes results from.
type keys struct {
	action    string
	lists     []string
	resources []string
	bare      bool // its answer is a list itself
}

// readKeys reads the keys of all actions out of the tables in a folder.
func readKeys(folder string) (map[string]*keys, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no tables in %s", folder)
	}
	all := map[string]*keys{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var table struct {
			Actions map[string]entry `yaml:"actions"`
		}
		if err := yaml.Unmarshal(text, &table); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		service := strings.TrimSuffix(filepath.Base(file), ".yaml")
		for name, e := range table.Actions {
			k := &keys{action: service + "." + name}
			k.add(service, e, e.variant)
			for _, c := range e.Cases {
				k.add(service, e, c)
			}
			all[k.action] = k
		}
	}
	return all, nil
}

// entry is what a table's entry says of answers.
type entry struct {
	variant `yaml:",inline"`
	Hook    string    `yaml:"hook"`
	Cases   []variant `yaml:"cases"`
}

type variant struct {
	Request string `yaml:"request"`
	Result  string `yaml:"result"`
	Page    string `yaml:"page"`
	Before  string `yaml:"before"`
	Then    string `yaml:"then"`
}

func (k *keys) add(service string, e entry, v variant) {
	paged := e.Page != "" || v.Page != "" || listed(k.action)
	switch {
	case v.Result == "null" || v.Result == "found":
	case v.Result == "":
		k.bare = k.bare || paged && (service == "gnocchi" || service == "aodh")
	case paged || strings.Contains(e.Hook, "find"):
		k.lists = append(k.lists, v.Result)
	default:
		k.resources = append(k.resources, v.Result)
	}
	for _, f := range []string{v.Before, v.Then} {
		if fields := strings.Fields(f); len(fields) == 3 {
			k.resources = append(k.resources, fields[2])
		}
	}
}

// listed tells by its name that an action lists.
func listed(action string) bool {
	return strings.Contains(action, "_list") || strings.HasSuffix(action, "_search")
}

// answers makes the answers to the requests of one call.
type answers struct {
	keys *keys
	seen map[string]bool // the paths of lists that were given
}

func newAnswers(k *keys) *answers {
	if k == nil {
		k = &keys{}
	}
	return &answers{keys: k, seen: map[string]bool{}}
}

// resource has what the clients look at in any resource.
func resource(service string) map[string]any {
	id := "ID1"
	if service == "designate" || service == "gnocchi" { // whose clients tell an id from a name by its form
		id = "0b8a2f6e-5d0d-4c1e-9a8c-2f1d3c4b5a69"
	}
	return map[string]any{
		"id": id, "uuid": id, "name": "NAME1", "stack_name": "NAME1", "description": "DESC1", "status": "available", "finished": true, "zoneName": "ZONE1",
		"volume_type_id": "ID1", "metadata": map[string]any{"mk": "mv"}, "namespace": "x-namespace", "links": []any{},
		"locations": []any{map[string]any{"url": "x-url", "metadata": map[string]any{}}},
	}
}

// version is how a service says which versions it has. It has those that the
// tables are written against.
func version(service string) map[string]any {
	v := map[string]any{"id": "v2.1", "status": "CURRENT", "version": "2.92", "min_version": "2.1", "max_version": "2.92", "links": []any{}}
	switch service {
	case "cinder":
		v["id"], v["version"], v["min_version"] = "v3.0", "3.70", "3.0"
	case "manila":
		v["id"], v["version"], v["min_version"] = "v2.0", "2.72", "2.0"
	}
	return v
}

// to gives the answer to a request: status, headers, body.
func (a *answers) to(r request, base string) (int, map[string]string, string) {
	header := map[string]string{}
	if r.Service == "ironic" {
		header["X-OpenStack-Ironic-API-Version"] = "1.34"
		header["X-OpenStack-Ironic-API-Minimum-Version"], header["X-OpenStack-Ironic-API-Maximum-Version"] = "1.1", "1.80"
	}
	segments := strings.Split(r.Path, "/")
	if len(segments) == 3 && segments[1] == "stacks" && r.Method == http.MethodGet { // heat leads from a name to its stack
		header["Location"] = base + "/heat/v1/p1/stacks/NAME1/ID1"
		if r.Query != "" {
			header["Location"] += "?" + r.Query
		}
		return http.StatusFound, header, ""
	}
	if strings.HasPrefix(r.Path, "/v2/schemas/") {
		return http.StatusOK, header, encode(map[string]any{"name": segments[3], "properties": map[string]any{"id": map[string]any{}}})
	}
	asked := r.Path + "?" + withoutPage(r.Query)
	first := !a.seen[asked]
	a.seen[asked] = true
	if a.keys.bare && r.Method == http.MethodGet {
		if !first {
			return http.StatusOK, header, "[]"
		}
		return http.StatusOK, header, encode([]any{resource(r.Service)})
	}
	return http.StatusOK, header, encode(a.body(r, first))
}

// body has a list under every key that may be asked for a list, and a resource
// under every other. A list that is asked for again is at its end.
func (a *answers) body(r request, first bool) map[string]any {
	body := resource(r.Service)
	body["version"], body["versions"] = version(r.Service), []any{version(r.Service)}
	list := []any{}
	if first {
		list = append(list, resource(r.Service))
	}
	for _, segment := range strings.Split(r.Path, "/") {
		name := strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(segment), "os-"), "-", "_")
		if _, has := body[name]; has || !isKey.MatchString(name) {
			continue
		}
		body[plural(name)] = list
		if one := singular(name); one != plural(name) && body[one] == nil {
			body[one] = resource(r.Service)
		}
	}
	for _, k := range a.keys.resources {
		if k != "metadata" {
			body[k] = resource(r.Service)
		}
	}
	for _, k := range a.keys.lists {
		body[k] = list
	}
	return body
}

// withoutPage is a query without the parameters that ask for another page of a list.
func withoutPage(query string) string {
	params := strings.Split(query, "&")
	params = slices.DeleteFunc(params, func(p string) bool {
		return strings.HasPrefix(p, "marker=") || strings.HasPrefix(p, "limit=")
	})
	slices.Sort(params)
	return strings.Join(params, "&")
}

// isKey tells what may be a key from what is an id.
var isKey = regexp.MustCompile(`^[a-z][a-z_]{2,}$`)

func singular(s string) string {
	switch {
	case strings.HasSuffix(s, "ies"):
		return s[:len(s)-3] + "y"
	case strings.HasSuffix(s, "sses"), strings.HasSuffix(s, "xes"):
		return s[:len(s)-2]
	default:
		return strings.TrimSuffix(s, "s")
	}
}

func plural(s string) string {
	switch {
	case strings.HasSuffix(s, "s"):
		return s
	case strings.HasSuffix(s, "y"):
		return s[:len(s)-1] + "ies"
	default:
		return s + "s"
	}
}

func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "{}"
	}
	return string(text)
}
