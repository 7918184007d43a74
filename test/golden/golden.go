// Package golden runs a package's golden cases: the files testdata/*.txtar, each
// with what goes in and, in sections whose names begin with out/, what comes
// out; and it holds single files to what is generated now. It is for tests.
package golden

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// Run gives f each case without its out/ sections and compares these with what
// f returns, or, with update, writes that into the case.
func Run(t *testing.T, update bool, f func(t *testing.T, in *txtar.Archive) (out []txtar.File)) {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			in, want := read(t, path)
			got := f(t, in)
			if update {
				in.Files = append(in.Files, got...)
				if err := os.WriteFile(path, txtar.Format(in), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, texts(got)); diff != "" {
				t.Errorf("-want +got (go test -update writes it anew):\n%s", diff)
			}
		})
	}
}

// File compares a generated file with what it is to be or, with update, writes
// that, its folder included. again is how to write it anew.
func File(t *testing.T, path, want string, update bool, again string) {
	t.Helper()
	if update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is not what is generated now; run %s:\n%s", path, again, diff)
	}
}

// read divides a case.
func read(t *testing.T, path string) (in *txtar.Archive, want map[string]string) {
	t.Helper()
	all, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	in = &txtar.Archive{Comment: all.Comment}
	var out []txtar.File
	for _, f := range all.Files {
		if strings.HasPrefix(f.Name, "out/") {
			out = append(out, f)
		} else {
			in.Files = append(in.Files, f)
		}
	}
	return in, texts(out)
}

// texts are the files' contents by name, as an archive keeps them: with a
// newline at the end.
func texts(files []txtar.File) map[string]string {
	m := map[string]string{}
	for _, f := range files {
		m[f.Name] = string(txtar.Format(&txtar.Archive{Comment: f.Data}))
	}
	return m
}
