package runtimeapi_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirocco-workflows/sirocco/test/runtimeapi"
)

func startHello(t *testing.T) *runtimeapi.Function {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "bootstrap")
	if err := runtimeapi.Build(".", "./hello", binary); err != nil {
		t.Fatal(err)
	}
	f, err := runtimeapi.Start(binary)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

func TestInvoke(t *testing.T) {
	f := startHello(t)
	for _, event := range []string{`{"a":1}`, `[]`, `"again"`} {
		a, err := f.Invoke(t.Context(), []byte(event))
		if err != nil || a.Error != nil || string(a.Payload) != event {
			t.Errorf("%s: got %s, %v, %v", event, a.Payload, a.Error, err)
		}
	}
	a, err := f.Invoke(t.Context(), []byte(`"fail"`))
	if err != nil || a.Error == nil || a.Error.Type != "Refused" || a.Error.Message != "as asked" {
		t.Errorf("typed error: got %v, %v", a.Error, err)
	}
	if a, err = f.Invoke(t.Context(), []byte(`"wrapped"`)); err != nil || a.Error == nil || a.Error.Type != "joinError" {
		t.Errorf("a wrapped error shows the wrapper's type: got %v, %v", a.Error, err)
	}
	_, err = f.Invoke(t.Context(), []byte(`"exit"`))
	if err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("a process that exits: got %v", err)
	}
	if _, err = f.Invoke(t.Context(), []byte(`1`)); err == nil {
		t.Error("an ended process answered")
	}
}

func TestInvokeEndsWithItsContext(t *testing.T) {
	f := startHello(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	<-ctx.Done()
	if _, err := f.Invoke(ctx, []byte(`1`)); err == nil {
		t.Error("an invocation outlived its context")
	}
	if a, err := f.Invoke(t.Context(), []byte(`2`)); err != nil || string(a.Payload) != "2" {
		t.Errorf("the next invocation: got %s, %v", a.Payload, err)
	}
}
