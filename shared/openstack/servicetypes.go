package openstack

import (
	"regexp"
	"strings"
)

// serviceType is one official type of the service types authority, with the
// historical aliases that catalogs still use and the project that provides it.
type serviceType struct {
	name    string
	project string
	aliases []string
	layout  layout
}

// layout says how the paths of a service's API hang on its endpoint.
type layout struct {
	// rooted: the paths begin with the version ("/v2/images"), so the base is
	// the endpoint without one.
	rooted bool
	// version: the paths begin behind this version ("/servers" behind /v2.1),
	// so the base ends in it, whatever version the catalog names.
	version string
	// project: whether the project's id follows the version.
	project projectUse
}

type projectUse int

const (
	asListed  projectUse = iota // as the catalog's URL has it
	whenAdded                   // also added where the version had to be
	always                      // added where it is missing
)

// serviceTypes is the list of the service types authority (data version
// 2024-05-08), and Gnocchi's type, which that list lacks.
var serviceTypes = []serviceType{
	{name: "accelerator", project: "cyborg"},
	{name: "admin-logic", project: "adjutant", aliases: []string{"registration"}},
	{name: "alarm", project: "aodh", aliases: []string{"alarming"}, layout: layout{rooted: true}},
	{name: "application-catalog", project: "murano"},
	{name: "application-container", project: "zun", aliases: []string{"container"}, layout: layout{version: "v1"}},
	{name: "application-deployment", project: "solum", aliases: []string{"application_deployment"}},
	{name: "backup", project: "freezer-api"},
	{name: "baremetal", project: "ironic", aliases: []string{"bare-metal"}, layout: layout{rooted: true}},
	{name: "baremetal-introspection", project: "ironic-inspector", layout: layout{rooted: true}},
	{name: "block-storage", project: "cinder", aliases: []string{"volumev3", "volumev2", "volume", "block-store"}, layout: layout{version: "v3", project: whenAdded}},
	{name: "clustering", project: "senlin", aliases: []string{"resource-cluster", "cluster"}},
	{name: "compute", project: "nova", layout: layout{version: "v2.1"}},
	{name: "container-infrastructure-management", project: "magnum", aliases: []string{"container-infrastructure", "container-infra"}, layout: layout{version: "v1"}},
	{name: "data-processing", project: "sahara"},
	{name: "data-protection-orchestration", project: "karbor"},
	{name: "database", project: "trove", layout: layout{version: "v1.0", project: always}},
	{name: "dns", project: "designate", layout: layout{rooted: true}},
	{name: "ec2-api", project: "ec2-api"},
	{name: "event", project: "panko", aliases: []string{"events"}},
	{name: "function-engine", project: "qinling"},
	{name: "identity", project: "keystone", layout: layout{version: "v3"}},
	{name: "image", project: "glance", layout: layout{rooted: true}},
	{name: "instance-ha", project: "masakari", aliases: []string{"ha"}},
	{name: "key-manager", project: "barbican"},
	{name: "load-balancer", project: "octavia"},
	{name: "log-management", project: "venus"},
	{name: "message", project: "zaqar", aliases: []string{"messaging"}, layout: layout{rooted: true}},
	{name: "meter", project: "ceilometer", aliases: []string{"metering", "telemetry"}},
	{name: "metric", project: "gnocchi", layout: layout{rooted: true}},
	{name: "monitoring", project: "monasca-api"},
	{name: "monitoring-events", project: "monasca-events-api"},
	{name: "monitoring-logging", project: "monasca-log-api", aliases: []string{"monitoring-log-api"}},
	{name: "multi-region-network-automation", project: "tricircle", aliases: []string{"tricircle"}},
	{name: "network", project: "neutron", layout: layout{rooted: true}},
	{name: "nfv-orchestration", project: "tacker"},
	{name: "object-store", project: "swift"},
	{name: "operator-policy", project: "congress", aliases: []string{"policy"}},
	{name: "orchestration", project: "heat", layout: layout{version: "v1", project: always}},
	{name: "placement", project: "placement"},
	{name: "rating", project: "cloudkitty"},
	{name: "reservation", project: "blazar"},
	{name: "resource-optimization", project: "watcher", aliases: []string{"infra-optim"}},
	{name: "root-cause-analysis", project: "vitrage", aliases: []string{"rca"}},
	{name: "search", project: "searchlight"},
	{name: "shared-file-system", project: "manila", aliases: []string{"sharev2", "share"}, layout: layout{version: "v2", project: whenAdded}},
	{name: "workflow", project: "mistral", aliases: []string{"workflowv2"}, layout: layout{version: "v2"}},
}

// typeIndex finds a service type by any of its names.
var typeIndex = func() map[string]*serviceType {
	index := make(map[string]*serviceType, 3*len(serviceTypes))
	for i := range serviceTypes {
		t := &serviceTypes[i]
		// Official names win over projects' and aliases: "container" is an
		// alias, "placement" both.
		index[t.name] = t
	}
	add := func(name string, t *serviceType) {
		if _, taken := index[name]; !taken {
			index[name] = t
		}
	}
	for i := range serviceTypes {
		t := &serviceTypes[i]
		for _, a := range t.aliases {
			add(a, t)
		}
	}
	for i := range serviceTypes {
		add(serviceTypes[i].project, &serviceTypes[i])
	}
	return index
}()

var versionSuffix = regexp.MustCompile(`[-_]?v[0-9]+(_[0-9]+)?$`)

// lookupType resolves a service type, alias or project name. An unknown version
// at its end (computev21, imagev2) and underscores for dashes are looked
// through. Nil means that nobody knows the type: it then stands for itself.
func lookupType(name string) *serviceType {
	name = strings.ToLower(strings.TrimSpace(name))
	for _, n := range []string{name, strings.ReplaceAll(name, "_", "-")} {
		if t, ok := typeIndex[n]; ok {
			return t
		}
		if t, ok := typeIndex[versionSuffix.ReplaceAllString(n, "")]; ok {
			return t
		}
	}
	return nil
}

// OfficialType returns the official name of a service type, alias ("volumev3")
// or project ("nova"); an unknown one is returned as it is.
func OfficialType(name string) string {
	if t := lookupType(name); t != nil {
		return t.name
	}
	return name
}

// spellings lists the names under which a catalog may hold a service, in the
// order in which they are tried: the one asked for, the official one, aliases.
func spellings(name string) []string {
	out := []string{name}
	t := lookupType(name)
	if t == nil {
		return out
	}
	for _, n := range append([]string{t.name}, t.aliases...) {
		if n != name {
			out = append(out, n)
		}
	}
	return out
}
