package actions

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed tables/*.yaml
var tableFiles embed.FS

// serviceNames are the services that have a table, in the order in which
// people list them. The name is the table's file name.
var serviceNames = [...]string{
	"keystone", "nova", "glance", "neutron", "cinder", "heat",
	"ironic", "baremetal_introspection", "manila", "swift", "swiftservice", "trove", "designate", "magnum", "zun",
	"mistral", "zaqar", "aodh", "gnocchi",
	ServiceStd, ServiceProject,
}

// Registry is the catalog of actions. It is safe for concurrent use.
//
// A new registry holds only the texts of the tables; a table is split into its
// entries when one of its names is asked for, and an entry is decoded when it
// is looked up.
type Registry struct {
	mu     sync.Mutex
	tables map[string]*table  // by service; nil until first needed
	byName map[string]*Action // the actions decoded so far
}

// NewRegistry returns the catalog of all services that have a table.
func NewRegistry() (*Registry, error) {
	return &Registry{tables: map[string]*table{}, byName: map[string]*Action{}}, nil
}

// Services returns the names of the services in the catalog.
func (r *Registry) Services() []string { return slices.Clone(serviceNames[:]) }

// Names returns the names of all actions, sorted.
func (r *Registry) Names() []string {
	var names []string
	for _, service := range serviceNames {
		names = append(names, r.ServiceNames(service)...)
	}
	slices.Sort(names)
	return names
}

// ServiceNames returns the names of one service's actions, sorted; nil for a
// service that has no table.
func (r *Registry) ServiceNames(service string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, err := r.table(service)
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(t.entries))
	for name := range t.entries {
		names = append(names, t.prefix+name)
	}
	slices.Sort(names)
	return names
}

// Lookup returns the action of that name.
func (r *Registry) Lookup(name string) (*Action, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a, ok := r.byName[name]; ok {
		return a, true
	}
	prefix, rest, _ := strings.Cut(name, ".")
	t, err := r.table(serviceOf(prefix))
	if err != nil || t.prefix != prefix+"." {
		return nil, false
	}
	a, err := t.action(rest)
	if err != nil {
		return nil, false
	}
	r.byName[name] = a
	return a, true
}

// Find is Lookup with the error for an unknown name, an [ActionNotFound].
func (r *Registry) Find(name string) (*Action, error) {
	if a, ok := r.Lookup(name); ok {
		return a, nil
	}
	return nil, ActionNotFound{Name: name, Suggestions: r.Suggest(name)}
}

// Suggest returns up to three names of actions that a person who wrote name
// may have meant, best first.
func (r *Registry) Suggest(name string) []string {
	return nearest(name, r.Names(), 3)
}

// table returns a service's table, split on first use. r.mu is held.
func (r *Registry) table(service string) (*table, error) {
	if t, ok := r.tables[service]; ok {
		return t, nil
	}
	if !slices.Contains(serviceNames[:], service) {
		return nil, fmt.Errorf("no table for service %q", service)
	}
	text, err := tableFiles.ReadFile("tables/" + service + ".yaml")
	if err != nil {
		return nil, err
	}
	t, err := splitTable(service, text)
	if err != nil {
		return nil, err
	}
	r.tables[service] = t
	return t, nil
}

// serviceOf gives the service of an action's prefix: openstack.* are the
// project's own.
func serviceOf(prefix string) string {
	if prefix == "openstack" {
		return ServiceProject
	}
	return prefix
}
