package memory_test

import (
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/memory"
	"github.com/sirocco-workflows/sirocco/shared/store/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func() store.Table { return memory.New(nil) })
}
