package events

import (
	"slices"
	"strings"
)

// simulated are the functions whose services the simulated clouds have, and
// those that go to none.
var simulated = []string{"keystone", "nova", "glance", "neutron", "cinder", "heat", "std", "project", "engine"}

// Expected says how an event is to end: "ok", or the name of its error.
func Expected(name string) string {
	switch name {
	case "keystone-auth-url-not-allowed":
		return "AuthURLNotAllowed"
	case "nova-region-not-found":
		return "RegionNotFound"
	case "nova-ambiguous-region":
		return "AmbiguousRegion"
	case "std-fail":
		return "ActionFailed"
	}
	if function, _, _ := strings.Cut(name, "-"); !slices.Contains(simulated, function) {
		return "ServiceNotFound"
	}
	return "ok"
}
