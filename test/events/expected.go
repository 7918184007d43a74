package events

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
	return "ok"
}
