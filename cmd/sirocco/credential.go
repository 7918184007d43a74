package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/embedded"
	"github.com/sirocco-workflows/sirocco/shared/store/keyfile"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

type credentialCmd struct {
	Set    credentialSetCmd    `cmd:"" help:"Store credentials under a name, sealed with the user's key file."`
	List   credentialListCmd   `cmd:"" help:"List the names of stored credentials."`
	Delete credentialDeleteCmd `cmd:"" help:"Delete stored credentials."`
}

type credentialSetCmd struct {
	Ref   string `arg:"" help:"The name: letters, digits and . _ - / @ +."`
	Input string `required:"" help:"A JSON object, better from @FILE or @- (standard input): the members of the events' credentials, and auth_url, region, interface, cacert, insecure." placeholder:"JSON|@FILE"`
	storeFlag
}

// Run stores credentials. They are read once as they will be used, so that what
// can't be used is refused now.
func (c *credentialSetCmd) Run(ctx context.Context, a *app) error {
	m, err := a.object("--input", c.Input)
	if err != nil {
		return err
	}
	resolved, err := openstack.ParseResolved(c.Ref, value.MustEncode(m))
	if err == nil {
		err = resolved.Credentials.Validate()
	}
	if err == nil && resolved.AuthURL == "" {
		err = errors.New("the credentials have no auth_url: nobody could tell where they are valid")
	}
	if err != nil {
		return &exitError{exitUsage, err}
	}
	return withCredentials(ctx, &c.storeFlag, func(creds *store.Credentials) error {
		if err := creds.Put(ctx, c.Ref, value.MustEncode(m)); err != nil {
			return err
		}
		fmt.Fprintf(a.err, "stored as %s; use it with --credential %s\n", c.Ref, c.Ref)
		return nil
	})
}

type credentialListCmd struct {
	JSON bool `name:"json" help:"Print one JSON document."`
	storeFlag
}

// Run lists names; what they stand for is never shown.
func (c *credentialListCmd) Run(ctx context.Context, a *app) error {
	return withCredentials(ctx, &c.storeFlag, func(creds *store.Credentials) error {
		list, err := creds.List(ctx)
		if err != nil {
			return err
		}
		t := newTable("NAME", "EXPIRES")
		names := []any{}
		for _, e := range list {
			expires := "never"
			if !e.Expires.IsZero() {
				expires = e.Expires.Local().Format(time.DateTime)
			}
			t.row(e.Ref, expires)
			names = append(names, value.MapOf("name", e.Ref, "expires", stamp(e.Expires)))
		}
		if c.JSON {
			return a.printJSON(names)
		}
		return t.print(a.out)
	})
}

type credentialDeleteCmd struct {
	Ref string `arg:"" help:"The name."`
	storeFlag
}

// Run deletes credentials.
func (c *credentialDeleteCmd) Run(ctx context.Context, a *app) error {
	return withCredentials(ctx, &c.storeFlag, func(creds *store.Credentials) error {
		if _, err := creds.Get(ctx, c.Ref); errors.Is(err, store.ErrNoCredential) {
			return err
		}
		return creds.Delete(ctx, c.Ref)
	})
}

// withCredentials opens the store and the key file for f.
func withCredentials(ctx context.Context, s *storeFlag, f func(*store.Credentials) error) (err error) {
	var table *embedded.Table
	if table, err = s.open(ctx); err != nil {
		return err
	}
	defer closing(table, &err)
	cipher, err := keyfile.Open(keyfile.DefaultPath())
	if err != nil {
		return err
	}
	return f(store.NewCredentials(table, cipher))
}
