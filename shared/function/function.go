package function

import (
	"context"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
)

// Options are what a main program chooses; the zero value is a function for the
// actions of every service.
type Options struct {
	// Service is the service whose actions the function performs when called
	// directly; empty means any.
	Service string
	// Std is what std actions are performed with; the zero value is nothing.
	// (Only the function of std links it.)
	Std actions.Std
	// Logger, if set, is used instead of JSON lines on stderr.
	Logger *slog.Logger
	// Table, if set, is used instead of the DynamoDB table of the configuration.
	Table store.Table
}

// steps performs engine steps; [engine.Engine] does.
type steps interface {
	Handle(ctx context.Context, ev *step.Event) (*step.Answer, error)
	Finish(ctx context.Context, id string, failure *step.Failure) (*store.Execution, error)
}

var _ steps = (*engine.Engine)(nil)

// Function handles the events of one Lambda function. It is safe for concurrent
// use.
type Function struct {
	service  string
	config   Config
	logger   *slog.Logger
	registry *actions.Registry
	aws      lazy[aws.Config]
	sources  lazy[store.Sources]
	runner   lazy[*actions.Runner]
	table    lazy[store.Table]
	steps    lazy[steps]
}

// New wires a function. It asks nothing of anybody: see the package's comment.
func New(config Config, options Options) (*Function, error) {
	registry, err := actions.NewRegistry()
	if err != nil {
		return nil, err
	}
	logger := options.Logger
	if logger == nil {
		logger = NewLogger(os.Stderr, config.LogLevel)
	}
	f := &Function{service: options.Service, config: config, logger: logger, registry: registry}
	f.aws.make = f.loadAWS
	f.sources.make = f.openSources
	f.table.make = func(ctx context.Context) (store.Table, error) {
		if options.Table != nil {
			return options.Table, nil
		}
		return f.openTable(ctx)
	}
	f.runner.make = func(ctx context.Context) (*actions.Runner, error) {
		manager, err := f.openManager(ctx)
		if err != nil {
			return nil, err
		}
		return actions.NewRunner(registry, manager, actions.RunnerOptions{Std: options.Std, MaxList: f.config.maxList()}), nil
	}
	f.steps.make = f.openEngine
	return f, nil
}

func (f *Function) openEngine(ctx context.Context) (steps, error) {
	table, err := f.table.get(ctx)
	if err != nil {
		return nil, err
	}
	runner, err := f.runner.get(ctx)
	if err != nil {
		return nil, err
	}
	return engine.New(engine.Options{
		Records: store.NewRecords(table), Registry: f.registry, Actions: runner, Logger: f.logger,
	})
}

// openManager makes the manager of sessions from the configured clouds.
func (f *Function) openManager(ctx context.Context) (*openstack.Manager, error) {
	clouds, err := f.clouds(ctx)
	if err != nil {
		return nil, err
	}
	return openstack.New(openstack.Config{
		MultiCloud:      f.config.MultiCloud,
		AllowedAuthURIs: f.config.AllowedAuthURIs,
		DefaultRegion:   f.config.DefaultRegion,
		DefaultCloud:    f.config.DefaultCloud,
		OpenHosts:       f.config.OpenHosts,
		Clouds:          clouds,
		Credentials:     references{f},
		Logger:          f.logger,
		MaxBody:         f.config.maxBody(),
	})
}

// Main runs a Lambda function until Lambda ends it. What can't be wired is
// answered to every event as its error: a function that ends instead would say
// so only in its log.
func Main(options Options) {
	config, err := ParseConfig(os.Environ())
	if err == nil {
		var f *Function
		if f, err = New(config, options); err == nil {
			if config.Memory > 0 { // collect before Lambda ends the function
				debug.SetMemoryLimit(config.Memory / 10 * 8)
			}
			lambda.Start(f.Handle)
			return
		}
	}
	lambda.Start(func(context.Context) error { return Named(err) })
}

// lazy makes a value when it is first needed. A failure is not kept, so that a
// later event tries again.
type lazy[T any] struct {
	make func(ctx context.Context) (T, error)
	mu   sync.Mutex
	done bool
	val  T
}

func (l *lazy[T]) get(ctx context.Context) (T, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done {
		return l.val, nil
	}
	val, err := l.make(ctx)
	if err == nil {
		l.val, l.done = val, true
	}
	return val, err
}
