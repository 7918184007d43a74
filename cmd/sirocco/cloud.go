package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

type cloudCmd struct {
	List    cloudListCmd    `cmd:"" help:"List the configured clouds."`
	Regions cloudRegionsCmd `cmd:"" help:"List the regions that offer a service, from the token's catalog."`
}

type cloudListCmd struct {
	JSON bool `name:"json" help:"Print one JSON document."`
	targetFlags
}

// Run lists the clouds with what can be said of them without a request.
func (c *cloudListCmd) Run(a *app) error {
	clouds, err := c.clouds()
	if err != nil {
		return err
	}
	manager, err := c.manager(clouds, nil)
	if err != nil {
		return err
	}
	t := newTable("CLOUD", "AUTH URL", "REGION", "PROJECT", "USER")
	list := []any{}
	for _, name := range manager.Clouds() {
		target, err := manager.Describe(openstack.Request{Cloud: name, Trusted: true})
		if err != nil {
			return err
		}
		t.row(name, target.AuthURL, target.Region, either(target.ProjectName, target.ProjectID), either(target.UserName, target.UserID))
		m := value.Of(target).(*value.Map)
		m.Set("name", name)
		list = append(list, m)
	}
	if c.JSON {
		return a.printJSON(list)
	}
	if len(list) == 0 {
		fmt.Fprintln(a.err, noCloud)
	}
	return t.print(a.out)
}

const noCloud = "no cloud is configured: write a clouds.yaml, or set OS_AUTH_URL and what goes with it"

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

type cloudRegionsCmd struct {
	Service string `default:"compute" help:"Service type."`
	JSON    bool   `name:"json" help:"Print one JSON document."`
	targetFlags
}

// Run lists the regions of the cloud that is named, or else of all of them. A
// cloud that does not answer does not keep back the others.
func (c *cloudRegionsCmd) Run(ctx context.Context, a *app) error {
	clouds, err := c.clouds()
	if err != nil {
		return err
	}
	manager, err := c.manager(clouds, nil)
	if err != nil {
		return err
	}
	names := manager.Clouds()
	if cloud := c.target(clouds).Cloud; cloud != "" {
		names = []string{cloud}
	}
	if len(names) == 0 {
		return usage(noCloud)
	}
	t := newTable("CLOUD", "REGION", "SERVICES")
	list := []any{}
	var offered []string
	var failed error
	for _, name := range names {
		session, err := manager.Session(ctx, openstack.Request{Cloud: name, Interface: c.Interface, Trusted: true})
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		offered = append(offered, session.Catalog().Services()...)
		for _, region := range session.Catalog().Regions(c.Service) {
			t.row(name, region, strings.Join(services(session.Catalog(), region), ", "))
			list = append(list, value.MapOf("cloud", name, "region", region))
		}
	}
	if len(list) == 0 {
		if failed == nil {
			slices.Sort(offered)
			failed = fmt.Errorf("no region offers a service of type %q; there are %s", c.Service, strings.Join(slices.Compact(offered), ", "))
		}
		return failed
	}
	if c.JSON {
		return errors.Join(a.printJSON(list), failed)
	}
	return errors.Join(t.print(a.out), failed)
}

// services are the types that a region offers.
func services(catalog *openstack.Catalog, region string) []string {
	var out []string
	for _, s := range catalog.Services() {
		for _, r := range catalog.Regions(s) {
			if r == region {
				out = append(out, s)
			}
		}
	}
	return out
}
