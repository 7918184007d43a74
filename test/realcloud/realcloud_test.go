// Package realcloud_test runs the stories of the project on real OpenStack
// services, by the built CLI alone. SIROCCO_REALCLOUD names a clouds.yaml with at
// least one cloud; without it the tests are skipped. Each region needs an image
// that is active, a flavor, and a network of the project. Entries for the same
// auth URL are taken to be the same cloud, the first one counts. SIROCCO_BIN names
// the CLI; without it the CLI is built.
package realcloud_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"
)

// place is a region of a cloud.
type place struct{ Cloud, Region string }

// cli is the built command with a configuration and a store of its own.
type cli struct {
	bin, root, config, store string
}

// execution is what `sirocco run --json` prints.
type execution struct {
	ID        string          `json:"id"`
	Workflow  string          `json:"workflow"`
	State     string          `json:"state"`
	StateInfo string          `json:"state_info"`
	Output    json.RawMessage `json:"output"`
	Tasks     []struct {
		Name  string `json:"name"`
		State string `json:"state"`
	} `json:"tasks"`
}

// server is what the tests look at in a server.
type server struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status string `json:"status"`
}

func setup(t *testing.T) *cli {
	t.Helper()
	source := os.Getenv("SIROCCO_REALCLOUD")
	if source == "" {
		t.Skip("SIROCCO_REALCLOUD names no clouds.yaml")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := &cli{bin: os.Getenv("SIROCCO_BIN"), root: root, config: filepath.Join(dir, "clouds.yaml"), store: filepath.Join(dir, "store.db")}
	if c.bin == "" {
		c.bin = filepath.Join(dir, "sirocco")
		build := exec.CommandContext(t.Context(), "go", "build", "-o", c.bin, "./cmd/sirocco")
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build: %v\n%s", err, out)
		}
	} else if c.bin, err = filepath.Abs(c.bin); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.config, oncePerCloud(t, source), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// oncePerCloud keeps the first entry of each auth URL.
func oncePerCloud(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Clouds yaml.Node `yaml:"clouds"`
	}
	if err := yaml.Unmarshal(data, &doc); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	seen := map[string]bool{}
	kept := yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i+1 < len(doc.Clouds.Content); i += 2 {
		var entry struct {
			Auth struct {
				URL string `yaml:"auth_url"`
			} `yaml:"auth"`
		}
		if err := doc.Clouds.Content[i+1].Decode(&entry); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if !seen[entry.Auth.URL] {
			seen[entry.Auth.URL] = true
			kept.Content = append(kept.Content, doc.Clouds.Content[i], doc.Clouds.Content[i+1])
		}
	}
	out, err := yaml.Marshal(map[string]*yaml.Node{"clouds": &kept})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// run calls the CLI and decodes what it prints; OS_* variables of the caller
// stay out of it.
func (c *cli) run(ctx context.Context, into any, args ...string) error {
	cmd := exec.CommandContext(ctx, c.bin, args...)
	cmd.Dir = c.root
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "OS_") && !strings.HasPrefix(kv, "SIROCCO_") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, "OS_CLIENT_CONFIG_FILE="+c.config, "SIROCCO_STORE="+c.store)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	runErr := cmd.Run()
	if into != nil && stdout.Len() > 0 {
		if err := json.Unmarshal(stdout.Bytes(), into); err != nil {
			return fmt.Errorf("sirocco %s: %w in %.500q", strings.Join(args, " "), err, stdout.String())
		}
	}
	if runErr != nil {
		return fmt.Errorf("sirocco %s: %w\n%s", strings.Join(args, " "), runErr, stderr.String())
	}
	return nil
}

// action runs one action in a region and decodes its result.
func (c *cli) action(ctx context.Context, p place, name string, input any, result any) error {
	in, err := json.Marshal(input)
	if err != nil {
		return err
	}
	doc := struct {
		Result any `json:"result"`
	}{result}
	return c.run(ctx, &doc, "action", "run", name, "--cloud", p.Cloud, "--region", p.Region, "--input", string(in), "--json")
}

func (c *cli) places(t *testing.T) []place {
	t.Helper()
	var out []place
	if err := c.run(t.Context(), &out, "cloud", "regions", "--service", "compute", "--json"); err != nil {
		t.Fatal(err)
	}
	if len(out) == 0 {
		t.Fatal("no cloud has a region with a compute service")
	}
	return out
}

// create makes a server with whatever image, flavor and network are there.
func (c *cli) create(t *testing.T, p place, name string) server {
	t.Helper()
	ctx := t.Context()
	var images []struct{ ID, Status string }
	var flavors []struct {
		ID  string
		RAM int
	}
	var nets struct {
		Networks []struct {
			ID       string
			External bool `json:"router:external"`
		}
	}
	err := errors.Join(c.action(ctx, p, "glance.images_list", map[string]any{}, &images),
		c.action(ctx, p, "nova.flavors_list", map[string]any{}, &flavors),
		c.action(ctx, p, "neutron.list_networks", map[string]any{}, &nets))
	if err != nil {
		t.Fatal(err)
	}
	images = slices.DeleteFunc(images, func(i struct{ ID, Status string }) bool { return i.Status != "active" })
	inside := slices.IndexFunc(nets.Networks, func(n struct {
		ID       string
		External bool `json:"router:external"`
	}) bool {
		return !n.External
	})
	if len(images) == 0 || len(flavors) == 0 || inside < 0 {
		t.Fatalf("%v: %d active images, %d flavors, network %d", p, len(images), len(flavors), inside)
	}
	var made server
	err = c.action(ctx, p, "nova.servers_create", map[string]any{"name": name, "image": images[0].ID, "flavor": flavors[0].ID,
		"nics": []any{map[string]any{"net-id": nets.Networks[inside].ID}}}, &made)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// eventually repeats a look until it is satisfied or the test's time is up.
func eventually(t *testing.T, what string, look func() (bool, error)) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		done, err := look()
		if done {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come about: %v", what, err)
		}
		<-tick.C
	}
}

// holders runs list_servers_everywhere and says where a server is listed, and
// how many regions were asked.
func (c *cli) holders(t *testing.T, id string) (where []place, asked int) {
	t.Helper()
	var e execution
	if err := c.run(t.Context(), &e, "run", "statemachines/list_servers_everywhere.yaml", "--json"); err != nil {
		t.Fatal(err)
	}
	if e.State != "SUCCESS" || e.ID == "" {
		t.Fatalf("list_servers_everywhere ended as %s: %s", e.State, e.StateInfo)
	}
	var out struct {
		Servers []struct {
			Cloud, Region string
			Servers       []server
		}
	}
	if err := json.Unmarshal(e.Output, &out); err != nil {
		t.Fatalf("%v in %s", err, e.Output)
	}
	for _, r := range out.Servers {
		if slices.ContainsFunc(r.Servers, func(s server) bool { return s.ID == id }) {
			where = append(where, place{r.Cloud, r.Region})
		}
	}
	return where, len(out.Servers)
}

// TestServerInOneRegion is the story: a server made in one region is listed
// there and nowhere else, by both example workflows, until it is deleted.
func TestServerInOneRegion(t *testing.T) {
	c := setup(t)
	places := c.places(t)
	for _, p := range places {
		t.Run(p.Cloud+" "+p.Region, func(t *testing.T) {
			made := c.create(t, p, fmt.Sprintf("sirocco-test-%d", time.Now().UnixNano()))
			t.Cleanup(func() { // the test's own context has ended by then
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				_ = c.action(ctx, p, "nova.servers_delete", map[string]any{"server": made.ID}, nil)
			})
			eventually(t, "an active server", func() (bool, error) {
				var s server
				err := c.action(t.Context(), p, "nova.servers_get", map[string]any{"server": made.ID}, &s)
				return s.Status == "ACTIVE", err
			})
			where, asked := c.holders(t, made.ID)
			if asked != len(places) || len(where) != 1 || where[0] != p {
				t.Errorf("of %d regions, these have the server: %v", asked, where)
			}
			c.checkRegions(t, p, places, made)
			if err := c.action(t.Context(), p, "nova.servers_delete", map[string]any{"server": made.ID}, nil); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the end of the server", func() (bool, error) {
				where, _ := c.holders(t, made.ID)
				return len(where) == 0, fmt.Errorf("still in %v", where)
			})
		})
	}
}

// checkRegions runs list_servers over the regions of the cloud that has a server.
func (c *cli) checkRegions(t *testing.T, p place, places []place, made server) {
	t.Helper()
	var regions []string
	for _, other := range places {
		if other.Cloud == p.Cloud {
			regions = append(regions, other.Region)
		}
	}
	input, err := json.Marshal(map[string]any{"regions": regions})
	if err != nil {
		t.Fatal(err)
	}
	var e execution
	if err := c.run(t.Context(), &e, "run", "statemachines/list_servers.yaml", "--input", string(input), "--cloud", p.Cloud, "--json"); err != nil {
		t.Fatal(err)
	}
	var out struct {
		Count   map[string]int
		Servers map[string][]server
	}
	if err := json.Unmarshal(e.Output, &out); err != nil {
		t.Fatalf("%v in %s", err, e.Output)
	}
	if e.State != "SUCCESS" || e.Workflow != "list_servers" || len(out.Servers) != len(regions) || len(e.Tasks) != 2 {
		t.Errorf("%s ended as %s with %d tasks and %d regions", e.Workflow, e.State, len(e.Tasks), len(out.Servers))
	}
	for region, list := range out.Servers {
		has := slices.ContainsFunc(list, func(s server) bool { return s.ID == made.ID && s.Name != "" })
		if has != (region == p.Region) || out.Count[region] != len(list) {
			t.Errorf("%s has the server: %v; count %d of %d", region, has, out.Count[region], len(list))
		}
	}
}

// TestRegionNotThere expects an error that names the region and those there are.
func TestRegionNotThere(t *testing.T) {
	c := setup(t)
	p := c.places(t)[0]
	err := c.action(t.Context(), place{p.Cloud, "nowhere"}, "nova.servers_list", map[string]any{}, nil)
	if err == nil || !strings.Contains(err.Error(), "nowhere") || !strings.Contains(err.Error(), p.Region) {
		t.Errorf("the error is %v", err)
	}
}
