package embedded_test

import (
	"path/filepath"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/embedded"
	"github.com/sirocco-workflows/sirocco/shared/store/storetest"
)

// open opens a store that is closed at the end of the test.
func open(t testing.TB, path string, opts embedded.Options) *embedded.Table {
	t.Helper()
	table, err := embedded.Open(t.Context(), path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := table.Close(); err != nil {
			t.Error(err)
		}
	})
	return table
}

func TestContract(t *testing.T) {
	storetest.Run(t, func() store.Table {
		return open(t, filepath.Join(t.TempDir(), "store.db"), embedded.Options{})
	})
}
