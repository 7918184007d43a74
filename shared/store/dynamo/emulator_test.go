package dynamo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/dynamo"
	"github.com/sirocco-workflows/sirocco/shared/store/keyfile"
	"github.com/sirocco-workflows/sirocco/shared/store/storetest"
)

// clientFor returns a client of a service at the endpoint.
func clientFor(endpoint string) *dynamodb.Client {
	cfg := aws.Config{
		Region:       "eu-central-1",
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		BaseEndpoint: aws.String(endpoint),
	}
	return dynamo.NewClient(cfg)
}

// emulator returns a client of the emulator, or skips the test.
func emulator(t *testing.T) *dynamodb.Client {
	t.Helper()
	endpoint := os.Getenv("SIROCCO_DYNAMODB_ENDPOINT")
	if endpoint == "" {
		t.Skip("SIROCCO_DYNAMODB_ENDPOINT is not set: run the test by scripts/dynamodb-emulator.sh")
	}
	return clientFor(endpoint)
}

// newTable makes a table at the emulator.
func newTable(t *testing.T, client *dynamodb.Client, opts dynamo.Options) (*dynamo.Table, string) {
	t.Helper()
	name := fmt.Sprintf("sirocco-%d", time.Now().UnixNano())
	_, err := client.CreateTable(t.Context(), dynamo.CreateTableInput(name))
	// The name is new, so a table that is there was made by a try of this call
	// whose answer was lost.
	if made := (*types.ResourceInUseException)(nil); err != nil && !errors.As(err, &made) {
		t.Fatal(err)
	}
	if _, err := client.UpdateTimeToLive(t.Context(), dynamo.TimeToLiveInput(name)); err != nil {
		t.Fatal(err)
	}
	return dynamo.New(client, name, opts), name
}

func TestContract(t *testing.T) {
	client := emulator(t)
	storetest.Run(t, func() store.Table {
		table, _ := newTable(t, client, dynamo.Options{})
		return table
	})
}

// rows counts what lies in the table, heads and parts.
func rows(t *testing.T, client *dynamodb.Client, table string) int {
	t.Helper()
	n := 0
	pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: aws.String(table)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n += len(out.Items)
	}
	return n
}

// TestNothingLeft: parts go when their item is overwritten, deleted or refused.
func TestNothingLeft(t *testing.T) {
	client := emulator(t)
	table, name := newTable(t, client, dynamo.Options{})
	k, other := store.Key{PK: "a", SK: "b"}, store.Key{PK: "a", SK: "c"}
	large := func(cond store.Condition) store.Write {
		return store.Put(store.Item{Key: k, Body: random(800 << 10)}, cond)
	}
	small := store.Put(store.Item{Key: other}, store.Always())
	for i, step := range []struct {
		writes []store.Write
		ok     bool
		rows   int // 3 are of large: 350 KB a part
	}{
		{[]store.Write{large(store.IfAbsent())}, true, 4},
		{[]store.Write{large(store.IfVersion(1))}, true, 4},
		{[]store.Write{large(store.IfVersion(1))}, false, 4},
		{[]store.Write{large(store.Always()), small}, true, 5},
		{[]store.Write{small, large(store.IfVersion(1))}, false, 5},
		{[]store.Write{store.Put(store.Item{Key: k}, store.IfVersion(3)), small}, true, 2},
		{[]store.Write{large(store.IfVersion(4))}, true, 5},
		{[]store.Write{store.Put(store.Item{Key: k}, store.Always())}, true, 2},
		{[]store.Write{large(store.Always())}, true, 5},
		{[]store.Write{store.Delete(k, store.IfVersion(7)), small}, true, 1},
		{[]store.Write{large(store.Always())}, true, 5},
		{[]store.Write{store.Delete(k, store.Always())}, true, 1},
	} {
		err := table.Write(t.Context(), step.writes...)
		if (err == nil) != step.ok {
			t.Errorf("step %d: Write = %v, want success: %v", i, err, step.ok)
		}
		if got := rows(t, client, name); got != step.rows {
			t.Errorf("step %d: %d rows, want %d", i, got, step.rows)
		}
	}
}

// dying is a client whose process dies after some requests.
type dying struct {
	dynamo.Client
	left int
}

var errDead = errors.New("the process is dead")

func (d *dying) die() error {
	if d.left--; d.left < 0 {
		return errDead
	}
	return nil
}

func (d *dying) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if err := d.die(); err != nil {
		return nil, err
	}
	return d.Client.UpdateItem(ctx, in, opts...)
}

func (d *dying) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, opts ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if err := d.die(); err != nil {
		return nil, err
	}
	return d.Client.TransactWriteItems(ctx, in, opts...)
}

func (d *dying) BatchWriteItem(ctx context.Context, in *dynamodb.BatchWriteItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	if err := d.die(); err != nil {
		return nil, err
	}
	return d.Client.BatchWriteItem(ctx, in, opts...)
}

// TestDies ends the process before each request of a write: the old value or the
// new one is there whole, and Sweep leaves nothing else.
func TestDies(t *testing.T) {
	client := emulator(t)
	old, fresh := random(1000<<10), random(900<<10) // 3 parts each
	for _, set := range []bool{false, true} {
		for left := range 6 {
			table, name := newTable(t, client, dynamo.Options{})
			k := store.Key{PK: "a", SK: "b"}
			if err := table.Write(t.Context(), store.Put(store.Item{Key: k, Body: old}, store.IfAbsent())); err != nil {
				t.Fatal(err)
			}
			writes := []store.Write{store.Put(store.Item{Key: k, Body: fresh}, store.IfVersion(1))}
			if set {
				writes = append(writes, store.Put(store.Item{Key: store.Key{PK: "a", SK: "c"}}, store.Always()))
			}
			mortal := dynamo.New(&dying{Client: client, left: left}, name, dynamo.Options{})
			wrote := mortal.Write(t.Context(), writes...) == nil
			got, err := table.Get(t.Context(), k)
			if err != nil {
				t.Fatal(err)
			}
			want, version := old, int64(1)
			if wrote {
				want, version = fresh, 2
			}
			if got.Version != version || !bytes.Equal(got.Body, want) {
				t.Errorf("dead after %d requests: version %d with %d bytes, want %d with %d", left, got.Version, len(got.Body), version, len(want))
			}
			later := dynamo.New(client, name, dynamo.Options{Now: func() time.Time { return time.Now().Add(2 * time.Hour) }})
			if n, err := table.Sweep(t.Context(), time.Hour); n != 0 || err != nil {
				t.Errorf("Sweep of what is new = %d, %v", n, err)
			}
			if _, err := later.Sweep(t.Context(), time.Hour); err != nil {
				t.Error(err)
			}
			expect := 4
			if wrote && set {
				expect = 5
			}
			if n := rows(t, client, name); n != expect {
				t.Errorf("dead after %d requests: %d rows after Sweep, want %d", left, n, expect)
			}
			if got, err := table.Get(t.Context(), k); err != nil || !bytes.Equal(got.Body, want) {
				t.Errorf("after Sweep: %d bytes, %v", len(got.Body), err)
			}
		}
	}
}

// TestNoSecretInTable looks for a secret in the whole table.
func TestNoSecretInTable(t *testing.T) {
	client := emulator(t)
	table, name := newTable(t, client, dynamo.Options{})
	cipher, err := keyfile.Open(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	creds := store.NewCredentials(table, cipher)
	const secret = "hunter2-hunter2"
	if err := creds.Put(t.Context(), "prod", []byte(secret)); err != nil {
		t.Fatal(err)
	}
	if got, err := creds.Get(t.Context(), "prod"); err != nil || string(got) != secret {
		t.Errorf("Get = %q, %v", got, err)
	}
	out, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(name)})
	if err != nil || len(out.Items) != 1 {
		t.Fatal(len(out.Items), err)
	}
	for attribute, v := range out.Items[0] {
		if b, ok := v.(*types.AttributeValueMemberB); ok && bytes.Contains(b.Value, []byte("hunter2")) {
			t.Errorf("attribute %s shows the secret", attribute)
		}
		if s, ok := v.(*types.AttributeValueMemberS); ok && strings.Contains(s.Value, "hunter2") {
			t.Errorf("attribute %s shows the secret", attribute)
		}
	}
}

func Benchmark20MB(b *testing.B) {
	endpoint := os.Getenv("SIROCCO_DYNAMODB_ENDPOINT")
	if endpoint == "" {
		b.Skip("SIROCCO_DYNAMODB_ENDPOINT is not set: run the benchmark by scripts/dynamodb-emulator.sh")
	}
	client := clientFor(endpoint)
	name := fmt.Sprintf("sirocco-%d", time.Now().UnixNano())
	if _, err := client.CreateTable(b.Context(), dynamo.CreateTableInput(name)); err != nil {
		b.Fatal(err)
	}
	table := dynamo.New(client, name, dynamo.Options{})
	body := random(20 << 20)
	k := store.Key{PK: "x", SK: "result"}
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if err := table.Write(b.Context(), store.Put(store.Item{Key: k, Body: body}, store.Always())); err != nil {
			b.Fatal(err)
		}
		if got, err := table.Get(b.Context(), k); err != nil || len(got.Body) != len(body) {
			b.Fatal(len(got.Body), err)
		}
	}
}
