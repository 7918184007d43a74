package openstack

import (
	"fmt"
	"testing"
)

// TestEveryAlias: a service is found by each of its names, whichever of them the
// catalog has.
func TestEveryAlias(t *testing.T) {
	pairs := 0
	for _, s := range serviceTypes {
		names := append([]string{s.name}, s.aliases...)
		for _, listed := range names {
			f := newFakeCloud(t)
			f.catalog = fmt.Sprintf(`[{"type": "other", "endpoints": []}, {"type": %q, "endpoints": [{"interface": "public", "region": "R", "url": "%s/x"}]}]`, listed, f.URL)
			session := f.session(newManager(t, Config{}))
			for _, asked := range append(names, s.project) {
				pairs++
				if owner := lookupType(asked); asked == s.project && owner.name != s.name {
					continue // a project of two services is named after the other
				}
				svc, err := session.Service(t.Context(), ServiceRequest{Type: asked, Region: "R"})
				if err != nil || svc.Type() != s.name || svc.Region() != "R" {
					t.Errorf("%s in the catalog, %s asked for: %v", listed, asked, err)
				}
			}
		}
	}
	if pairs < 200 {
		t.Errorf("%d pairs", pairs)
	}
}
