package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	gopenstack "github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"
	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/sandbox"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// fanOut lists the servers of a hundred regions with 50 ms of latency: by a
// workflow, and by a goroutine for each region with gophercloud, in turn.
func fanOut(ctx context.Context, dir string) error {
	const regions = 100
	s, err := sandbox.Start(ctx, sandbox.Options{Clouds: sandbox.DefaultClouds(1, regions), Latency: 50 * time.Millisecond})
	if err != nil {
		return err
	}
	defer s.Close()
	cloud := s.Clouds()[0]
	clouds, err := openstack.ParseClouds([]byte(s.CloudsYAML()), nil, nil)
	if err != nil {
		return err
	}
	manager, err := openstack.New(openstack.Config{Clouds: clouds})
	if err != nil {
		return err
	}
	w, err := prepare(ctx, dir, "fanout", manager, `
version: '2.0'
fan:
  input: [regions]
  tasks:
    list:
      with-items: r in <% $.regions %>
      action: nova.servers_list region=<% $.r %>
`)
	if err != nil {
		return err
	}
	defer w.close()
	peer, err := newPeer(ctx, s, cloud)
	if err != nil {
		return err
	}
	names := s.Regions(cloud)
	input := value.MapOf("regions", value.Of(names))
	ours := func() error { return w.run(ctx, engine.Target{Cloud: cloud, Trusted: true}, input) }
	theirs := func() error { return peer.all(ctx, names) }
	best := [2]time.Duration{time.Hour, time.Hour}
	for range 4 { // the first round warms both up
		for i, f := range []func() error{ours, theirs} {
			took, err := timed(f)
			if err != nil {
				return err
			}
			best[i] = min(best[i], took)
		}
	}
	fmt.Printf("fan-out over %d regions, 50 ms:  %7.3f s; goroutines with gophercloud %.3f s: %.2f times (wanted: at most 1.3)\n",
		regions, best[0].Seconds(), best[1].Seconds(), best[0].Seconds()/best[1].Seconds())
	return nil
}

// peer is what one would write by hand.
type peer struct{ provider *gophercloud.ProviderClient }

func newPeer(ctx context.Context, s *sandbox.Sandbox, cloud string) (*peer, error) {
	provider, err := gopenstack.AuthenticatedClient(ctx, gophercloud.AuthOptions{
		IdentityEndpoint: s.AuthURL(cloud), Username: "demo", Password: s.Password(cloud),
		DomainName: "Default", TenantName: "demo",
	})
	return &peer{provider}, err
}

func (p *peer) all(ctx context.Context, regions []string) error {
	var wg sync.WaitGroup
	errs := make([]error, len(regions))
	for i, region := range regions {
		wg.Go(func() { errs[i] = p.one(ctx, region) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (p *peer) one(ctx context.Context, region string) error {
	client, err := gopenstack.NewComputeV2(p.provider, gophercloud.EndpointOpts{Region: region})
	if err != nil {
		return err
	}
	pages, err := servers.List(client, servers.ListOpts{}).AllPages(ctx)
	if err != nil {
		return err
	}
	_, err = servers.ExtractServers(pages)
	return err
}
