package embedded_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/embedded"
)

func benchTable(b *testing.B) *embedded.Table {
	return open(b, filepath.Join(b.TempDir(), "store.db"), embedded.Options{})
}

// BenchmarkPut is one small item at a time, as a lone workflow writes them.
func BenchmarkPut(b *testing.B) {
	for name, d := range map[string]store.Durability{"durable": store.Durable, "relaxed": store.Relaxed} {
		b.Run(name, func(b *testing.B) {
			table := benchTable(b)
			ctx := store.WithDurability(b.Context(), d)
			body := bytes.Repeat([]byte("x"), 600)
			n := 0
			for b.Loop() {
				n++
				put := store.Put(store.Item{Key: store.Key{PK: fmt.Sprint("x#", n/10), SK: fmt.Sprint(n)}, Body: body}, store.IfAbsent())
				if err := table.Write(ctx, put); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkWriters is many callers at once: ns/op is per write.
func BenchmarkWriters(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprint(writers), func(b *testing.B) {
			table := benchTable(b)
			body := bytes.Repeat([]byte("x"), 600)
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range writers {
				wg.Go(func() {
					for {
						n := next.Add(1)
						if n > int64(b.N) {
							return
						}
						put := store.Put(store.Item{Key: store.Key{PK: fmt.Sprint("x#", n/10), SK: fmt.Sprint(n)}, Body: body}, store.IfAbsent())
						if err := table.Write(b.Context(), put); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
		})
	}
}

func BenchmarkGet(b *testing.B) {
	table := benchTable(b)
	k := store.Key{PK: "x", SK: "1"}
	if err := table.Write(b.Context(), store.Put(store.Item{Key: k, Body: bytes.Repeat([]byte("x"), 600)}, store.IfAbsent())); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := table.Get(b.Context(), k); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkQuery1000(b *testing.B) {
	table := benchTable(b)
	for i := range 10 {
		var writes []store.Write
		for n := range 100 {
			writes = append(writes, store.Put(store.Item{Key: store.Key{PK: "x", SK: fmt.Sprintf("%04d", 100*i+n)}, Body: bytes.Repeat([]byte("x"), 600)}, store.IfAbsent()))
		}
		if err := table.Write(b.Context(), writes...); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		page, err := table.Query(b.Context(), store.Query{PK: "x", Limit: 1000})
		if err != nil || len(page.Items) != 1000 {
			b.Fatal(len(page.Items), err)
		}
	}
}

// Benchmark20MB writes and reads a result of 20 MB.
func Benchmark20MB(b *testing.B) {
	table := benchTable(b)
	var doc bytes.Buffer
	for i := 0; doc.Len() < 20<<20; i++ {
		fmt.Fprintf(&doc, `{"id":"%032x","name":"server-%d","status":"ACTIVE"},`, i*7919, i)
	}
	k := store.Key{PK: "x", SK: "result"}
	b.SetBytes(int64(doc.Len()))
	for b.Loop() {
		if err := table.Write(b.Context(), store.Put(store.Item{Key: k, Body: doc.Bytes()}, store.Always())); err != nil {
			b.Fatal(err)
		}
		got, err := table.Get(b.Context(), k)
		if err != nil || len(got.Body) != doc.Len() {
			b.Fatal(len(got.Body), err)
		}
	}
}
