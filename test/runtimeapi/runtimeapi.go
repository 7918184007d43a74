// Package runtimeapi runs a Lambda function's bootstrap binary without Lambda:
// it is the part of the Lambda Runtime API that a custom runtime speaks, on
// loopback, and the process that speaks to it.
//
// [Start] starts a binary with AWS_LAMBDA_RUNTIME_API set to a server of its
// own. [Function.Invoke] hands it one event and returns what it answered: a
// payload, or the error type and message that Step Functions would see as the
// error's name and cause. One event is under way at a time, as in Lambda. Tests
// and the cold start benchmark use it; nothing of the product does.
package runtimeapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Answer is what a function gave for one event. Exactly one of its members is
// set.
type Answer struct {
	Payload json.RawMessage
	Error   *Error
}

// Error is a failed invocation, or a function that failed to initialise.
type Error struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func (e *Error) Error() string { return e.Type + ": " + e.Message }

// invocation is one event on its way through the function.
type invocation struct {
	id       string
	event    []byte
	deadline time.Time
	answer   chan Answer
}

// Function is a running bootstrap binary.
type Function struct {
	cmd      *exec.Cmd
	server   *http.Server
	events   chan *invocation
	exited   chan struct{} // closed when the process has ended
	stopping chan struct{} // closed by Close
	stop     sync.Once

	one     sync.Mutex // one event at a time
	mu      sync.Mutex
	pending map[string]*invocation
	initErr *Error
	count   int
	logs    syncBuffer
}

// Start starts the binary with the environment of a Lambda function, to which
// env adds "NAME=value" entries. The process inherits nothing else. Close must
// be called in the end.
func Start(binary string, env ...string) (*Function, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("runtime API: %w", err)
	}
	f := &Function{
		events:   make(chan *invocation),
		exited:   make(chan struct{}),
		stopping: make(chan struct{}),
		pending:  map[string]*invocation{},
	}
	f.server = &http.Server{Handler: f.routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = f.server.Serve(listener) }()

	f.cmd = exec.Command(binary)
	f.cmd.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String(),
		"AWS_LAMBDA_FUNCTION_NAME=test", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_EC2_METADATA_DISABLED=true", "_HANDLER=bootstrap", "LAMBDA_TASK_ROOT=" + os.TempDir(), "PATH=/usr/bin:/bin",
	}, env...)
	f.cmd.Stdout, f.cmd.Stderr = &f.logs, &f.logs
	if err := f.cmd.Start(); err != nil {
		_ = f.server.Close()
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	go func() {
		_ = f.cmd.Wait()
		close(f.exited)
	}()
	return f, nil
}

// Invoke hands the function one event and waits for its answer. The context's
// deadline is the invocation's; without one it is a minute. An error means that
// there was no answer: the process ended, or the context did.
func (f *Function) Invoke(ctx context.Context, event []byte) (Answer, error) {
	f.one.Lock()
	defer f.one.Unlock()
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Minute)
		defer cancel()
	}
	if err := ctx.Err(); err != nil {
		return Answer{}, err
	}
	inv := f.newInvocation(ctx, event)
	defer f.forget(inv.id)
	select {
	case f.events <- inv:
	case <-f.exited:
		return f.ended()
	case <-ctx.Done():
		return Answer{}, fmt.Errorf("the function did not ask for the event: %w", ctx.Err())
	}
	select {
	case a := <-inv.answer:
		return a, nil
	case <-f.exited:
		return f.ended()
	case <-ctx.Done():
		return Answer{}, fmt.Errorf("the function did not answer: %w", ctx.Err())
	}
}

func (f *Function) newInvocation(ctx context.Context, event []byte) *invocation {
	deadline, _ := ctx.Deadline()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	inv := &invocation{
		id: "00000000-0000-0000-0000-" + fmt.Sprintf("%012d", f.count), event: event,
		deadline: deadline, answer: make(chan Answer, 1),
	}
	f.pending[inv.id] = inv
	return inv
}

func (f *Function) forget(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.pending, id)
}

// ended is the outcome of a process that is gone: its initialisation error, if
// it reported one.
func (f *Function) ended() (Answer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.initErr != nil {
		return Answer{Error: f.initErr}, nil
	}
	return Answer{}, errors.New("the function's process ended: " + f.cmd.ProcessState.String() + "\n" + f.logs.String())
}

// Logs returns what the function has written to stdout and stderr so far.
func (f *Function) Logs() string { return f.logs.String() }

// Close ends the process and the server.
func (f *Function) Close() {
	f.stop.Do(func() {
		close(f.stopping)
		_ = f.cmd.Process.Kill()
		<-f.exited
		_ = f.server.Close()
	})
}

// routes is the Runtime API, version 2018-06-01.
func (f *Function) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", f.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		f.settle(w, r.PathValue("id"), Answer{Payload: body})
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", func(w http.ResponseWriter, r *http.Request) {
		failure := &Error{}
		if err := json.NewDecoder(r.Body).Decode(failure); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		f.settle(w, r.PathValue("id"), Answer{Error: failure})
	})
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", func(w http.ResponseWriter, r *http.Request) {
		failure := &Error{}
		_ = json.NewDecoder(r.Body).Decode(failure)
		f.mu.Lock()
		f.initErr = failure
		f.mu.Unlock()
		w.WriteHeader(http.StatusAccepted)
	})
	return mux
}

func (f *Function) next(w http.ResponseWriter, r *http.Request) {
	select {
	case inv := <-f.events:
		h := w.Header()
		h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:test")
		h.Set("Content-Type", "application/json")
		_, _ = w.Write(inv.event)
	case <-r.Context().Done():
	case <-f.stopping:
	}
}

func (f *Function) settle(w http.ResponseWriter, id string, a Answer) {
	f.mu.Lock()
	inv := f.pending[id]
	f.mu.Unlock()
	if inv == nil {
		http.Error(w, "no such invocation", http.StatusNotFound)
		return
	}
	select {
	case inv.answer <- a:
		w.WriteHeader(http.StatusAccepted)
	default:
		http.Error(w, "answered already", http.StatusForbidden)
	}
}

// syncBuffer is a buffer that the process writes while a test reads it.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.ToValidUTF8(s.b.String(), "\uFFFD")
}
