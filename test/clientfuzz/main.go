// Command clientfuzz makes random calls of the OpenStack actions, performs them
// here and by the Python clients as Mistral calls them (in a virtual
// environment, by scripts/clients/drive.py), and compares the HTTP requests that
// both send. It prints the first call whose requests differ, made as small as
// it can be, with the seed that gives it again.
//
// Both sides talk to one stub (stub.go) that answers them the same. A call is made of
// the action's own parameters and of the arguments that the clients were recorded
// with (shared/actions/testdata/recordings), which say of which kind each is;
// the values are of all kinds (values.go). What differs on purpose is known by
// its cause (causes.go).
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

type options struct {
	n        int
	seed     uint64
	services string
	action   string
	all      bool
	venv     string
}

func main() {
	var o options
	flag.IntVar(&o.n, "n", 200, "how many calls")
	flag.Uint64Var(&o.seed, "seed", 1, "the first seed; each call has the next one")
	flag.StringVar(&o.services, "services", "", "only these services (comma separated)")
	flag.StringVar(&o.action, "action", "", "only this action")
	flag.BoolVar(&o.all, "all", false, "go on after a difference")
	flag.StringVar(&o.venv, "venv", ".venv/clients", "virtual environment with the clients, made if it is not there")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "clientfuzz:", err)
		os.Exit(1)
	}
}

var errDiffers = errors.New("Sirocco and the Python clients differ")

// fuzzer is one run.
type fuzzer struct {
	stub       *stub
	clients    *clients
	runner     *actions.Runner
	generators []*generator // of the actions, by name
	keys       map[string]*keys
}

func run(ctx context.Context, o options) error {
	f, err := newFuzzer(o)
	if err != nil {
		return err
	}
	defer f.stub.stop()
	if f.clients, err = startClients(o.venv, f.stub.base); err != nil {
		return err
	}
	defer f.clients.stop() //nolint:errcheck // it was only asked
	began, counts, prepared := time.Now(), map[string]map[string]int{}, map[string]bool{}
	found := 0
	for i := range o.n {
		seed := o.seed + uint64(i)
		g := f.generators[seed%uint64(len(f.generators))]
		if service := g.action.Service; !prepared[service] {
			if err := f.clients.prepare(service); err != nil {
				return err
			}
			prepared[service], counts[service] = true, map[string]int{}
		}
		c := g.call(seed)
		v, err := f.check(ctx, c)
		if err != nil {
			return fmt.Errorf("%s, seed %d: %w", c.Action, seed, err)
		}
		counts[g.action.Service][v.cause]++
		if v.cause != differs {
			continue
		}
		found++
		fmt.Printf("=== make client-fuzz ACTION=%s N=1 SEED=%d\n%s\n", c.Action, seed, f.smallest(ctx, c, g.action).text)
		if !o.all {
			break
		}
	}
	report(counts, time.Since(began))
	if found > 0 {
		return errDiffers
	}
	return nil
}

// newFuzzer has all but the clients, which need Python.
func newFuzzer(o options) (*fuzzer, error) {
	registry, err := actions.NewRegistry()
	if err != nil {
		return nil, err
	}
	f := &fuzzer{}
	if f.keys, err = readKeys("shared/actions/tables"); err != nil {
		return nil, err
	}
	inputs, err := recordedInputs("shared/actions/testdata/recordings")
	if err != nil {
		return nil, err
	}
	for _, name := range wanted(registry, o) {
		a, ok := registry.Lookup(name)
		if !ok {
			return nil, fmt.Errorf("there is no action %s", name)
		}
		f.generators = append(f.generators, newGenerator(a, inputs[name]))
	}
	if len(f.generators) == 0 {
		return nil, errors.New("no action is left to compare")
	}
	if f.stub, err = startStub(); err != nil {
		return nil, err
	}
	f.runner, err = newRunner(registry, f.stub.base)
	return f, err
}

// wanted are the names of the actions that are asked for, of all services that have Python clients.
func wanted(registry *actions.Registry, o options) []string {
	if o.action != "" {
		return []string{o.action}
	}
	names := []string{}
	for _, service := range registry.Services() {
		ours := service == actions.ServiceStd || service == actions.ServiceProject
		if asked := o.services == "" || slices.Contains(strings.Split(o.services, ","), service); asked && !ours {
			names = append(names, registry.ServiceNames(service)...)
		}
	}
	return names
}

func newRunner(registry *actions.Registry, base string) (*actions.Runner, error) {
	clouds, err := openstack.ParseClouds([]byte(`clouds:
  stub:
    auth: {auth_url: `+base+`/identity/v3, username: user, password: p, project_name: project, user_domain_name: Default, project_domain_name: Default}
    region_name: RegionOne
`), nil, nil)
	if err != nil {
		return nil, err
	}
	manager, err := openstack.New(openstack.Config{Clouds: clouds, DefaultCloud: "stub"})
	if err != nil {
		return nil, err
	}
	return actions.NewRunner(registry, manager, actions.RunnerOptions{}), nil
}

// recordedInputs reads the arguments of the recordings in a folder, by action.
func recordedInputs(folder string) (map[string][]*value.Map, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.jsonl"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no recordings in %s", folder)
	}
	inputs := map[string][]*value.Map{}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			v, err := value.Decode(lines.Bytes())
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			record, _ := v.(*value.Map)
			action, _ := record.Get("action")
			input, _ := record.Get("input")
			if m, ok := input.(*value.Map); ok {
				inputs[action.(string)] = append(inputs[action.(string)], m)
			}
		}
		if err := errors.Join(lines.Err(), file.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return inputs, nil
}

// check performs a call on both sides.
func (f *fuzzer) check(ctx context.Context, c call) (verdict, error) {
	f.stub.begin(f.keys[c.Action])
	raised, err := f.clients.perform(c)
	if err != nil {
		return verdict{}, err
	}
	client := end{requests: withoutQuestions(c, f.stub.take()), raised: raised}
	f.stub.begin(f.keys[c.Action])
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err = f.runner.Run(ctx, actions.Call{Action: c.Action, Input: c.Input})
	return compare(c, client, ours(f.stub.take(), err)), nil
}

// withoutQuestions leaves out what a client asks for its own sake: glance's schemas.
func withoutQuestions(c call, requests []request) []request {
	return slices.DeleteFunc(requests, func(r request) bool {
		return r.Service == "glance" && strings.HasPrefix(r.Path, "/v2/schemas/") && !strings.HasPrefix(c.Action, "glance.schemas_")
	})
}

// smallest shrinks a call that differs and gives the verdict on what is left.
func (f *fuzzer) smallest(ctx context.Context, c call, a *actions.Action) verdict {
	c = shrink(c, a, func(c call) bool {
		v, err := f.check(ctx, c)
		return err == nil && v.cause == differs
	})
	last, err := f.check(ctx, c)
	if err != nil {
		last.text = err.Error()
	}
	return last
}

// report prints how many calls came out how, by service and in all.
func report(counts map[string]map[string]int, took time.Duration) {
	total, sum := 0, map[string]int{}
	for _, service := range slices.Sorted(maps.Keys(counts)) {
		n := 0
		for cause, k := range counts[service] {
			n, sum[cause] = n+k, sum[cause]+k
		}
		total += n
		equal := counts[service][""] + counts[service][nothingSent]
		fmt.Printf("%-24s %5d calls, %5d equal, %d differ\n", service, n, equal, counts[service][differs])
	}
	fmt.Printf("%d calls in %s\n", total, took.Round(time.Second))
	for _, cause := range slices.Sorted(maps.Keys(sum)) {
		name := cause
		if name == "" {
			name = "equal"
		}
		fmt.Printf("%7d %s\n", sum[cause], name)
	}
}
