package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/sandbox"
)

type sandboxCmd struct {
	Clouds     int           `default:"2" help:"How many clouds."`
	Regions    int           `default:"3" help:"How many regions in each."`
	Listen     string        `default:"127.0.0.1:0" help:"Address to listen on." placeholder:"ADDRESS"`
	CloudsYAML string        `name:"clouds-yaml" short:"o" help:"Write the clouds.yaml to this file instead of printing it." placeholder:"FILE" type:"path"`
	TLS        bool          `help:"Serve HTTPS, with a certificate of a CA made for this run."`
	Empty      bool          `help:"Without demo servers."`
	Latency    time.Duration `help:"Added to every answer." placeholder:"TIME"`
	Jitter     time.Duration `help:"Up to so much more, at random." placeholder:"TIME"`
	TokenLife  time.Duration `name:"token-lifetime" help:"How long tokens last." placeholder:"TIME"`
	Servers    int           `help:"So many made-up servers more in each region (big answers)." placeholder:"N"`
	Bytes      int           `help:"About so many bytes in each of them." placeholder:"N"`
	Fault      []string      `sep:"none" help:"A fault to inject, as region=RegionTwo,status=503,rate=0.5 (repeatable)." placeholder:"FAULT"`
}

// Run serves simulated clouds until it is interrupted.
func (c *sandboxCmd) Run(ctx context.Context, a *app) error {
	opts := sandbox.Options{
		Clouds: sandbox.DefaultClouds(c.Clouds, c.Regions), Listen: c.Listen, TLS: c.TLS, Empty: c.Empty,
		Latency: c.Latency, Jitter: c.Jitter, TokenLifetime: c.TokenLife,
	}
	for i := range opts.Clouds {
		for j := range opts.Clouds[i].Regions {
			opts.Clouds[i].Regions[j].Bulk = sandbox.Bulk{Servers: c.Servers, Bytes: c.Bytes}
		}
	}
	for _, text := range c.Fault {
		f, err := sandbox.ParseFault(text)
		if err != nil {
			return &exitError{exitUsage, err}
		}
		opts.Faults = append(opts.Faults, f)
	}
	s, err := sandbox.Start(ctx, opts)
	if err != nil {
		return err
	}
	defer s.Close()
	if c.CloudsYAML == "" {
		fmt.Fprint(a.out, s.CloudsYAML())
	} else {
		if err := s.WriteCloudsYAML(c.CloudsYAML); err != nil {
			return err
		}
		fmt.Fprintf(a.err, "export OS_CLIENT_CONFIG_FILE=%s\n", c.CloudsYAML)
	}
	fmt.Fprintf(a.err, "%s of %s at %s; stop with Ctrl-C\n", count(c.Clouds, "cloud"), count(c.Regions, "region"), s.URL())
	select {
	case <-ctx.Done():
	case <-s.Done():
	}
	return nil
}
