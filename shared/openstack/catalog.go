package openstack

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Catalog is the service catalog of a token: which endpoint serves which
// service, in which region, on which interface. It is never changed once read.
type Catalog struct {
	endpoints []catalogEndpoint
	iface     string // the session's interface, for Regions
}

type catalogEndpoint struct {
	service string // the type as the catalog spells it
	iface   string // public, internal, admin or what else it says
	region  string // "" and "*" stand for every region
	url     string
}

// text reads a JSON string and takes anything else for an empty one, so that
// one odd endpoint does not make a whole catalog unreadable.
type text string

// UnmarshalJSON implements [json.Unmarshaler]; it never fails.
func (t *text) UnmarshalJSON(data []byte) error {
	var s string
	if json.Unmarshal(data, &s) == nil {
		*t = text(s)
	}
	return nil
}

type catalogJSON []struct {
	Type      text `json:"type"`
	Endpoints []struct {
		Interface text `json:"interface"`
		Region    text `json:"region"`
		RegionID  text `json:"region_id"`
		URL       text `json:"url"`
		// The older form: one object with a URL per interface.
		PublicURL   text `json:"publicURL"`
		InternalURL text `json:"internalURL"`
		AdminURL    text `json:"adminURL"`
	} `json:"endpoints"`
}

// readCatalog reads the catalog of a token. Endpoints without a URL and exact
// duplicates (same service, region, interface and, but for a slash at the end,
// URL) are left out.
func readCatalog(data catalogJSON) []catalogEndpoint {
	var out []catalogEndpoint
	seen := map[catalogEndpoint]bool{}
	add := func(e catalogEndpoint) {
		key := e
		key.url = strings.TrimRight(key.url, "/")
		if key.url == "" || e.service == "" || seen[key] {
			return
		}
		seen[key] = true
		out = append(out, e)
	}
	for _, s := range data {
		for _, e := range s.Endpoints {
			region := string(e.RegionID)
			if region == "" {
				region = string(e.Region)
			}
			at := func(iface string, url text) {
				add(catalogEndpoint{strings.TrimSpace(string(s.Type)), iface, region, strings.TrimSpace(string(url))})
			}
			at(plainInterface(string(e.Interface)), e.URL)
			at("public", e.PublicURL)
			at("internal", e.InternalURL)
			at("admin", e.AdminURL)
		}
	}
	return out
}

// plainInterface turns publicURL into public and so on.
func plainInterface(s string) string {
	return strings.TrimSuffix(strings.ToLower(s), "url")
}

// interfaceName checks an interface that somebody asked for.
func interfaceName(s string) (string, error) {
	switch p := plainInterface(strings.TrimSpace(s)); p {
	case "public", "internal", "admin":
		return p, nil
	default:
		return "", invalid("interface %q does not exist: it is public, internal or admin", s)
	}
}

// everywhere reports whether an endpoint of this region serves all regions.
func everywhere(region string) bool { return region == "" || region == "*" }

// Services returns the service types as the catalog spells them, sorted.
func (c *Catalog) Services() []string {
	set := map[string]bool{}
	for _, e := range c.endpoints {
		set[e.service] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// AllRegions returns the names of all regions in the catalog, sorted.
func (c *Catalog) AllRegions() []string {
	set := map[string]bool{}
	for _, e := range c.endpoints {
		if !everywhere(e.region) {
			set[e.region] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// Regions returns the regions that offer a service on the session's interface,
// sorted. The type may be any name that [Session.Service] takes; empty asks for
// all regions. An endpoint for every region ("*" or none) counts for each
// region that the catalog names; where it names none at all, the result is what
// the endpoint has, "*" or "", and both may be asked for.
func (c *Catalog) Regions(service string) []string {
	if service == "" {
		return c.AllRegions()
	}
	found, _ := c.find(service, c.iface)
	return c.regionsOf(found)
}

func (c *Catalog) regionsOf(found []catalogEndpoint) []string {
	set := map[string]bool{}
	for _, e := range found {
		if !everywhere(e.region) {
			set[e.region] = true
			continue
		}
		all := c.AllRegions()
		if len(all) == 0 {
			set[e.region] = true
		}
		for _, r := range all {
			set[r] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// find returns the endpoints of a service with an interface, those under the
// name that was asked for first, then the official type's and its aliases'. The
// second result lists the interfaces that the service has at all.
func (c *Catalog) find(service, iface string) (found []catalogEndpoint, interfaces []string) {
	for _, name := range spellings(service) {
		for _, e := range c.endpoints {
			if !strings.EqualFold(e.service, name) {
				continue
			}
			if e.iface == iface {
				found = append(found, e)
			} else if !slices.Contains(interfaces, e.iface) {
				interfaces = append(interfaces, e.iface)
			}
		}
	}
	if len(found) == 0 && len(interfaces) == 0 {
		found, interfaces = c.findByOfficial(service, iface)
	}
	return found, interfaces
}

// findByOfficial finds a service whose catalog spells it in a way that no list
// has, such as computev21.
func (c *Catalog) findByOfficial(service, iface string) (found []catalogEndpoint, interfaces []string) {
	t := lookupType(service)
	if t == nil {
		return nil, nil
	}
	for _, e := range c.endpoints {
		if lookupType(e.service) != t {
			continue
		}
		if e.iface == iface {
			found = append(found, e)
		} else {
			interfaces = append(interfaces, e.iface)
		}
	}
	return found, interfaces
}

// choose applies the region rules: the region that is named, else the only one
// that there is. The result's region is "" only where the catalog has none.
func (c *Catalog) choose(d Detail, service, region, iface string) (catalogEndpoint, error) {
	found, interfaces := c.find(service, iface)
	if len(found) == 0 {
		return catalogEndpoint{}, c.serviceNotFound(d, service, iface, interfaces)
	}
	exact := func() int {
		return slices.IndexFunc(found, func(e catalogEndpoint) bool { return e.region == region })
	}
	if i := exact(); region != "" && i >= 0 {
		return found[i], nil
	}
	regions := c.regionsOf(found)
	if region == "" {
		if len(regions) > 1 {
			d.Message = fmt.Sprintf("no region is named and the service is in several: %s", strings.Join(regions, ", "))
			return catalogEndpoint{}, AmbiguousRegion{d, regions}
		}
		region = regions[0]
		if i := exact(); i >= 0 {
			return found[i], nil
		}
	}
	for _, e := range found {
		if everywhere(e.region) && (len(c.AllRegions()) == 0 || slices.Contains(regions, region)) {
			e.region = region
			return e, nil
		}
	}
	return catalogEndpoint{}, regionNotFound(d, region, regions, c.AllRegions())
}

// regionNotFound lists where the service is; all are the catalog's regions.
func regionNotFound(d Detail, region string, regions, all []string) error {
	what := fmt.Sprintf("there is no region %q", region)
	if slices.Contains(all, region) {
		what = fmt.Sprintf("region %q does not have it", region)
	}
	d.Region = ""
	d.Message = fmt.Sprintf("%s; the service is in %s%s", what, strings.Join(regions, ", "), didYouMean(region, regions))
	return RegionNotFound{d, regions}
}

func (c *Catalog) serviceNotFound(d Detail, service, iface string, interfaces []string) error {
	services := c.Services()
	d.Region = ""
	switch {
	case len(services) == 0:
		d.Message = "the token has no service catalog: it is not scoped to a project"
	case len(interfaces) > 0:
		slices.Sort(interfaces)
		d.Message = fmt.Sprintf("the catalog has no %s endpoint of the service, only %s", iface, strings.Join(slices.Compact(interfaces), ", "))
	default:
		d.Message = fmt.Sprintf("the catalog has no service %q; it has %s%s", service, strings.Join(services, ", "), didYouMean(service, services))
	}
	return ServiceNotFound{d, services}
}
