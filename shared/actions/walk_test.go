package actions_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/sandbox"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// minKinds is how many kinds of resource must be made, read and deleted in each
// region.
const minKinds = 25

// TestWalk goes through the life of each kind of resource in testdata/walk, by
// actions alone, in two regions of a simulated cloud.
func TestWalk(t *testing.T) {
	s, err := sandbox.Start(t.Context(), sandbox.Options{Progress: sandbox.Progress{Reads: -1}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	clouds, err := openstack.ParseClouds([]byte(s.AllCloudsYAML()), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	walkRegions(t, clouds, "alpha-admin", place{simulated: true, poll: time.Millisecond, patience: time.Second})
}

// TestWalkRealCloud does the same on real services. SIROCCO_REALCLOUD names their
// clouds.yaml and SIROCCO_REALCLOUD_ADMIN an entry in it that may administer a
// cloud of two regions, each with Nova, Cinder, Glance, Neutron, Keystone and
// Heat, an active image and a flavor. Without the latter it is the first entry
// whose name ends in "-admin".
func TestWalkRealCloud(t *testing.T) {
	path := os.Getenv("SIROCCO_REALCLOUD")
	if path == "" {
		t.Skip("SIROCCO_REALCLOUD names no clouds.yaml")
	}
	clouds, err := openstack.LoadClouds(openstack.LoadOptions{Environ: []string{"OS_CLIENT_CONFIG_FILE=" + path}})
	if err != nil {
		t.Fatal(err)
	}
	admin := os.Getenv("SIROCCO_REALCLOUD_ADMIN")
	if i := slices.IndexFunc(clouds.Names(), func(n string) bool { return strings.HasSuffix(n, "-admin") }); admin == "" && i >= 0 {
		admin = clouds.Names()[i]
	}
	walkRegions(t, clouds, admin, place{poll: 500 * time.Millisecond, patience: 4 * time.Minute})
}

// place is where a walk goes.
type place struct {
	simulated bool
	poll      time.Duration // between two looks at what is in a passing status
	patience  time.Duration // with one passing status
}

func walkRegions(t *testing.T, clouds *openstack.CloudsConfig, admin string, where place) {
	manager, err := openstack.New(openstack.Config{Clouds: clouds})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	registry, err := actions.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	runner := actions.NewRunner(registry, manager, actions.RunnerOptions{})
	blocks := readWalks(t)
	for _, region := range twoRegions(t, runner, admin) {
		t.Run(region, func(t *testing.T) {
			begun, walked := time.Now(), kinds{}
			for _, b := range blocks {
				t.Run(b.title, func(t *testing.T) {
					walkBlock(t, runner, openstack.Request{Cloud: admin, Region: region}, where, b, walked)
				})
			}
			walked.check(t)
			t.Logf("%s: %s in %s", region, walked, time.Since(begun).Round(time.Millisecond))
		})
	}
}

// twoRegions are the first two regions of the cloud that have Heat.
func twoRegions(t *testing.T, runner *actions.Runner, cloud string) []string {
	input := value.NewMap(1)
	input.Set("service_type", "orchestration")
	out, err := runner.Run(t.Context(), actions.Call{Action: "openstack.regions", Input: input,
		Target: openstack.Request{Cloud: cloud}})
	if err != nil {
		t.Fatal(err)
	}
	var regions []string
	for _, r := range out.Result.([]any) {
		regions = append(regions, r.(string))
	}
	if len(regions) < 2 {
		t.Fatalf("cloud %s has Heat in the regions %v, not in two", cloud, regions)
	}
	return regions[:2]
}

func readWalks(t *testing.T) []block {
	files, err := filepath.Glob("testdata/walk/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no walks: %v", err)
	}
	var blocks []block
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parseWalk(file, string(text))
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, parsed...)
	}
	return blocks
}

// walkBlock performs the steps of a block. After one that failed it still tries
// the deletions that are left, so that a cloud is not littered.
func walkBlock(t *testing.T, runner *actions.Runner, target openstack.Request, where place, b block, walked kinds) {
	if b.only != "" && (b.only == "simulated") != where.simulated {
		t.Skipf("only on %s services: %s", b.only, b.why)
	}
	w := &walker{runner: runner, target: target, place: where, names: map[string]any{
		"region": target.Region, "walk": "walk-" + strings.ToLower(target.Region) + "-" + rand.Text()[:6]}}
	failed := false
	for _, s := range b.steps {
		if failed && s.verb != "delete" {
			continue
		}
		err := w.perform(t.Context(), s)
		switch {
		case err != nil && failed:
			t.Logf("%s: not cleared: %v", s.at, err)
		case err != nil:
			t.Errorf("%s: %s: %v", s.at, s.action, err)
			failed = true
		default:
			walked.done(s)
		}
	}
	for _, e := range b.excuses {
		walked.excuse(e)
	}
}

// perform runs the step's action until its checks hold. Only a step that waits is
// repeated.
func (w *walker) perform(ctx context.Context, s step) error {
	tick := time.NewTicker(w.place.poll)
	defer tick.Stop()
	for end := time.Now().Add(w.place.patience); ; {
		input, err := w.input(s.args)
		if err != nil {
			return err
		}
		out, err := w.runner.Run(ctx, actions.Call{Action: s.action, Input: input, Target: w.target})
		err = w.check(out.Result, err, s.checks)
		if err == nil {
			if s.as != "" {
				w.names[s.as] = out.Result
			}
			return nil
		}
		if !s.wait || time.Now().After(end) {
			return err
		}
		<-tick.C
	}
}

// kinds is what was done with each kind of resource: the steps by verb, or why
// there is none.
type kinds map[string]*kind

type kind struct {
	steps   map[string]int
	excuses map[string]string
}

var verbs = [...]string{"create", "get", "list", "update", "delete"}

func (k kinds) of(name string) *kind {
	if k[name] == nil {
		k[name] = &kind{steps: map[string]int{}, excuses: map[string]string{}}
	}
	return k[name]
}

func (k kinds) done(s step) { k.of(s.kind).steps[s.verb]++ }

func (k kinds) excuse(e excuse) { k.of(e.kind).excuses[e.verb] = e.why }

// whole reports whether the kind was made, read and deleted.
func (k *kind) whole() bool {
	return k.steps["create"] > 0 && k.steps["delete"] > 0 && k.steps["get"]+k.steps["list"] > 0
}

func (k kinds) count() (whole, steps int) {
	for name, kind := range k {
		for _, n := range kind.steps {
			steps += n
		}
		if name != "" && kind.whole() {
			whole++
		}
	}
	return whole, steps
}

func (k kinds) String() string {
	whole, steps := k.count()
	return fmt.Sprintf("%d kinds of resource, %d steps", whole, steps)
}

// check holds each kind against the five verbs: a verb was done, or the walk says
// why it can't be, not both.
func (k kinds) check(t *testing.T) {
	for name, kind := range k {
		for _, verb := range verbs {
			if done, excused := kind.steps[verb] > 0, kind.excuses[verb] != ""; name != "" && done == excused {
				t.Errorf("%s %s: done is %t, excused is %t", verb, name, done, excused)
			}
		}
	}
	if whole, _ := k.count(); whole < minKinds {
		t.Errorf("%d kinds of resource, want %d", whole, minKinds)
	}
}
