package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/adrg/xdg"
	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/actions/std"
	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/embedded"
	"github.com/sirocco-workflows/sirocco/shared/store/keyfile"
)

// targetFlags say which cloud and region a command works with. They stand
// beside clouds.yaml and the OS_* variables, and win over them.
type targetFlags struct {
	Cloud     string `help:"Cloud of clouds.yaml." placeholder:"NAME"`
	Region    string `help:"Region." placeholder:"NAME"`
	AuthURL   string `name:"auth-url" help:"Auth URL of the cloud, in place of OS_AUTH_URL." placeholder:"URL"`
	Interface string `help:"Interface of the endpoints: public, internal or admin." placeholder:"NAME"`

	Credential string `help:"Stored credentials to use in place of a cloud's (see sirocco credential)." placeholder:"NAME"`

	MultiCloud     bool     `help:"Let workflows name auth URLs that are not configured." env:"SIROCCO_MULTI_CLOUD"`
	AllowedAuthURI []string `name:"allowed-auth-uri" help:"With --multi-cloud: the only such URLs (repeatable)." placeholder:"URL" env:"SIROCCO_ALLOWED_AUTH_URIS"`
	OpenHost       []string `help:"Host that may be spoken to although its address is loopback, link-local or the like (repeatable)." placeholder:"HOST" env:"SIROCCO_OPEN_HOSTS"`
}

// clouds reads the configured clouds.
func (f *targetFlags) clouds() (*openstack.CloudsConfig, error) {
	env := os.Environ()
	if f.AuthURL != "" {
		if f.Cloud != "" {
			return nil, usage("--auth-url is for the cloud of the OS_* variables, and --cloud for one of clouds.yaml, which has its own: give one of the two")
		}
		env = append(env, "OS_AUTH_URL="+f.AuthURL, "OS_CLOUD=") // the flag wins
	}
	clouds, err := openstack.LoadClouds(openstack.LoadOptions{Environ: env})
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return clouds, nil
}

// manager makes the manager of sessions. creds may be nil.
func (f *targetFlags) manager(clouds *openstack.CloudsConfig, creds openstack.CredentialSource) (*openstack.Manager, error) {
	m, err := openstack.New(openstack.Config{
		MultiCloud: f.MultiCloud, AllowedAuthURIs: f.AllowedAuthURI, OpenHosts: f.OpenHost,
		DefaultCloud: f.Cloud, Clouds: clouds, Credentials: creds, Proxy: http.ProxyFromEnvironment,
	})
	if err == nil && f.Cloud != "" {
		_, err = m.Describe(openstack.Request{Cloud: f.Cloud, Trusted: true})
	}
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return m, nil
}

// target is where actions go that don't say where themselves. Flags and
// configuration are the operator's own word.
func (f *targetFlags) target(clouds *openstack.CloudsConfig) engine.Target {
	t := engine.Target{Cloud: f.Cloud, Region: f.Region, Interface: f.Interface, Ref: f.Credential, Trusted: true}
	if t.Cloud == "" && t.Ref == "" {
		t.Cloud = clouds.Default()
	}
	return t
}

func (f *targetFlags) request(clouds *openstack.CloudsConfig) openstack.Request {
	t := f.target(clouds)
	return openstack.Request{
		Cloud: t.Cloud, Region: t.Region, Interface: t.Interface, Trusted: true,
		Credentials: openstack.Credentials{Ref: t.Ref},
	}
}

// runner makes what performs actions, with credentials out of the store if
// there is one.
func (f *targetFlags) runner(clouds *openstack.CloudsConfig, table store.Table) (*actions.Registry, *actions.Runner, *openstack.Manager, error) {
	registry, err := actions.NewRegistry()
	if err != nil {
		return nil, nil, nil, err
	}
	var creds openstack.CredentialSource
	if table != nil {
		creds = references{table}
	}
	manager, err := f.manager(clouds, creds)
	if err != nil {
		return nil, nil, nil, err
	}
	return registry, actions.NewRunner(registry, manager, actions.RunnerOptions{Std: std.All()}), manager, nil
}

// references resolves references to credentials from the local store. The key
// file is only opened when one is asked for.
type references struct{ table store.Table }

// Resolve implements [openstack.CredentialSource].
func (r references) Resolve(ctx context.Context, ref string) (openstack.Resolved, error) {
	cipher, err := keyfile.Open(keyfile.DefaultPath())
	if err != nil {
		return openstack.Resolved{}, err
	}
	secret, err := store.NewCredentials(r.table, cipher).Get(ctx, ref)
	if err != nil {
		return openstack.Resolved{}, err
	}
	resolved, err := openstack.ParseResolved(ref, secret)
	resolved.Trusted = true // the store is the operator's own
	return resolved, err
}

// storeFlag says which local store a command uses.
type storeFlag struct {
	Store string `help:"File of the local store (default: under the user's state directory)." placeholder:"FILE" env:"SIROCCO_STORE"`
}

// path is the store's file.
func (f *storeFlag) path() (string, error) {
	if f.Store == "" {
		return filepath.Join(xdg.StateHome, "sirocco", "store.db"), nil
	}
	return filepath.Abs(f.Store)
}

// open opens the local store.
func (f *storeFlag) open(ctx context.Context) (*embedded.Table, error) {
	path, err := f.path()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("the store %s: %w", path, err)
	}
	return embedded.Open(ctx, path, embedded.Options{})
}

// closing closes a table and keeps its error.
func closing(t *embedded.Table, err *error) { *err = errors.Join(*err, t.Close()) }
