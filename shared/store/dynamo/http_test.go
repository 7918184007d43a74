package dynamo_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/dynamo"
)

// object is a JSON object on the wire.
type object = map[string]any

// failure is an answer that is an error of the service.
type failure struct {
	code   string
	fields object
}

// lost is an answer that does not arrive: the connection breaks.
type lost struct{}

// script is a service that answers as the test says and records what it was
// asked.
type script struct {
	*httptest.Server
	t      *testing.T
	answer func(op string, in object) any
	mu     sync.Mutex
	ops    []string
	ins    []object
	raw    bytes.Buffer
}

func newScript(t *testing.T, answer func(op string, in object) any) *script {
	s := &script{t: t, answer: answer}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var in object
	if err := json.Unmarshal(body, &in); err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ops, s.ins = append(s.ops, op), append(s.ins, in)
	s.raw.Write(body)
	out := s.answer(op, in)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	switch a := out.(type) {
	case lost:
		panic(http.ErrAbortHandler)
	case failure:
		fields := object{"__type": "com.amazonaws.dynamodb.v20120810#" + a.code, "message": a.code}
		for k, v := range a.fields {
			fields[k] = v
		}
		w.WriteHeader(http.StatusBadRequest)
		out = fields
	case nil:
		out = object{}
	}
	if err := json.NewEncoder(w).Encode(out); err != nil {
		s.t.Error(err)
	}
}

func (s *script) wantOps(want ...string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.ops, want) {
		s.t.Errorf("operations %v, want %v", s.ops, want)
	}
}

// table returns the script's table, which waits for nothing.
func (s *script) table() *dynamo.Table {
	client := dynamodb.NewFromConfig(aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(s.URL),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = 4
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	})
	return dynamo.New(client, "t", dynamo.Options{Backoff: func(int) time.Duration { return 0 }})
}

// at walks into JSON: keys of objects and positions of lists.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(object)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

func wireKey(pk, sk string) object {
	return object{"pk": object{"S": pk}, "sk": object{"S": sk}}
}

// wireItem is an item in the table as DynamoDB would send it.
func wireItem(pk, sk string, version int, more object) object {
	i := wireKey(pk, sk)
	i["v"] = object{"N": fmt.Sprint(version)}
	for k, v := range more {
		i[k] = v
	}
	return i
}

func wireBody(s string) object {
	return object{"B": base64.StdEncoding.EncodeToString([]byte("\x00" + s))}
}

func onePut(cond store.Condition) store.Write {
	return store.Put(store.Item{Key: store.Key{PK: "a", SK: "b"}, Body: []byte("x")}, cond)
}

// random is a body that stays as large as it is.
func random(n int) []byte {
	b := make([]byte, n)
	x := uint64(88172645463325252)
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x)
	}
	return b
}

func TestUnprocessedKeys(t *testing.T) {
	calls := 0
	s := newScript(t, func(_ string, in object) any {
		calls++
		asked := at(in, "RequestItems", "t", "Keys").([]any)
		if len(asked) > 100 || at(in, "RequestItems", "t", "ConsistentRead") != true {
			t.Errorf("%d keys asked for, consistent: %v", len(asked), at(in, "RequestItems", "t", "ConsistentRead"))
		}
		give, left := asked[:len(asked)/2], asked[len(asked)/2:]
		switch {
		case calls%4 == 2: // no progress
			give, left = nil, asked
		case len(asked) == 1:
			give, left = asked, nil
		}
		var items []any
		for _, k := range give {
			items = append(items, wireItem(at(k, "pk", "S").(string), at(k, "sk", "S").(string), 1, nil))
		}
		out := object{"Responses": object{"t": items}, "UnprocessedKeys": object{}}
		if len(left) > 0 {
			out["UnprocessedKeys"] = object{"t": object{"Keys": left, "ConsistentRead": true}}
		}
		return out
	})
	var keys []store.Key
	for i := range 150 {
		keys = append(keys, store.Key{PK: "p", SK: fmt.Sprintf("%03d", i)})
	}
	items, err := s.table().BatchGet(t.Context(), keys)
	if err != nil || len(items) != len(keys) {
		t.Fatalf("%d items, %v, want %d", len(items), err, len(keys))
	}
	for i := range items {
		if items[i].Key != keys[i] {
			t.Fatalf("item %d is %s", i, items[i].Key)
		}
	}
}

func TestNothingProcessed(t *testing.T) {
	s := newScript(t, func(op string, in object) any {
		if op == "BatchWriteItem" {
			return object{"UnprocessedItems": in["RequestItems"]}
		}
		return object{"Responses": object{}, "UnprocessedKeys": in["RequestItems"]}
	})
	var busy *store.BusyError
	if _, err := s.table().BatchGet(t.Context(), []store.Key{{PK: "a", SK: "b"}}); !errors.As(err, &busy) {
		t.Errorf("BatchGet = %v, want a *BusyError", err)
	}
	large := store.Put(store.Item{Key: store.Key{PK: "a", SK: "b"}, Body: random(351 << 10)}, store.IfAbsent())
	if err := s.table().Write(t.Context(), large); !errors.As(err, &busy) {
		t.Errorf("Write = %v, want a *BusyError", err)
	}
}

func TestUnprocessedItems(t *testing.T) {
	stored := map[string]bool{}
	s := newScript(t, func(op string, in object) any {
		if op != "BatchWriteItem" {
			if len(stored) != 3 {
				t.Errorf("the head is written after %d parts of 3", len(stored))
			}
			return nil
		}
		requests := at(in, "RequestItems", "t").([]any)
		stored[at(requests, 0, "PutRequest", "Item", "pk", "S").(string)] = true
		return object{"UnprocessedItems": object{"t": requests[1:]}}
	})
	large := store.Put(store.Item{Key: store.Key{PK: "a", SK: "b"}, Body: random(1000 << 10)}, store.IfAbsent())
	if err := s.table().Write(t.Context(), large); err != nil {
		t.Fatal(err)
	}
	s.wantOps("BatchWriteItem", "BatchWriteItem", "BatchWriteItem", "UpdateItem")
}

func TestThrottled(t *testing.T) {
	for _, code := range []string{"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"} {
		calls := 0
		s := newScript(t, func(string, object) any {
			if calls++; calls < 3 {
				return failure{code: code}
			}
			return nil
		})
		if err := s.table().Write(t.Context(), onePut(store.IfAbsent())); err != nil || calls != 3 {
			t.Errorf("%s twice: Write = %v after %d calls", code, err, calls)
		}
		s = newScript(t, func(string, object) any { return failure{code: code} })
		var busy *store.BusyError
		if err := s.table().Write(t.Context(), onePut(store.IfAbsent())); !errors.As(err, &busy) {
			t.Errorf("%s always: Write = %v, want a *BusyError", code, err)
		}
		if _, err := s.table().Get(t.Context(), store.Key{PK: "a", SK: "b"}); !errors.As(err, &busy) {
			t.Errorf("%s always: Get = %v, want a *BusyError", code, err)
		}
	}
}

func TestNoTable(t *testing.T) {
	s := newScript(t, func(string, object) any { return failure{code: "ResourceNotFoundException"} })
	if _, err := s.table().Get(t.Context(), store.Key{PK: "a", SK: "b"}); err == nil || errors.Is(err, store.ErrNotFound) || !strings.Contains(err.Error(), "table t:") {
		t.Errorf("Get = %v, want an error that names the table", err)
	}
}

// mark is what the write of this request would leave in the item.
func mark(in object) object {
	m, _ := at(in, "ExpressionAttributeValues", ":set_w").(object)
	return m
}

// TestLostAnswer: the write was done, its answer got lost, and the repeated
// request meets its own item.
func TestLostAnswer(t *testing.T) {
	var done object
	s := newScript(t, func(_ string, in object) any {
		if done == nil {
			done = wireItem("a", "b", 1, object{"w": mark(in)})
			return lost{}
		}
		return failure{"ConditionalCheckFailedException", object{"Item": done}}
	})
	if err := s.table().Write(t.Context(), onePut(store.IfAbsent())); err != nil {
		t.Errorf("Write = %v, want success", err)
	}
	// Another's item with the same content is a conflict.
	done["w"] = object{"B": "AAAA"}
	var conflict *store.ConflictError
	if err := s.table().Write(t.Context(), onePut(store.IfAbsent())); !errors.As(err, &conflict) {
		t.Errorf("Write = %v, want a conflict", err)
	}
}

// TestConditionalDelete: only a transaction's token tells a repeated delete from
// a second one.
func TestConditionalDelete(t *testing.T) {
	s := newScript(t, func(string, object) any { return nil })
	if err := s.table().Write(t.Context(), store.Delete(store.Key{PK: "a", SK: "b"}, store.IfVersion(1))); err != nil {
		t.Fatal(err)
	}
	if err := s.table().Write(t.Context(), store.Delete(store.Key{PK: "a", SK: "b"}, store.Always())); err != nil {
		t.Fatal(err)
	}
	s.wantOps("TransactWriteItems", "DeleteItem")
	if token, _ := s.ins[0]["ClientRequestToken"].(string); token == "" {
		t.Error("the transaction has no token")
	}
}

// canceled is the answer to a transaction with these reasons; an object is the
// item that failed its condition.
func canceled(reasons ...any) failure {
	var list []any
	for _, r := range reasons {
		switch r := r.(type) {
		case string:
			list = append(list, object{"Code": r, "Message": r})
		case object:
			list = append(list, object{"Code": "ConditionalCheckFailed", "Message": "no", "Item": r})
		}
	}
	return failure{"TransactionCanceledException", object{"CancellationReasons": list}}
}

func TestTransactionCanceled(t *testing.T) {
	writes := []store.Write{
		onePut(store.IfAbsent()),
		store.Put(store.Item{Key: store.Key{PK: "a", SK: "c"}}, store.IfVersion(2)),
		store.Check(store.Key{PK: "a", SK: "d"}, store.IfVersion(3)),
	}
	conflict := func(at int) func(error) bool {
		return func(err error) bool {
			var c *store.ConflictError
			return errors.As(err, &c) && c.At == at && c.Key == writes[at].Item.Key
		}
	}
	success := func(err error) bool { return err == nil }
	busy := func(err error) bool {
		var b *store.BusyError
		return errors.As(err, &b)
	}
	other := func(err error) bool { return err != nil && !busy(err) && !conflict(0)(err) && !conflict(1)(err) }
	always := func(f any) []any { return slices.Repeat([]any{f}, 20) }
	for name, c := range map[string]struct {
		answers []any
		want    func(error) bool
		calls   int
	}{
		"done":                       {[]any{nil}, success, 1},
		"another transaction, once":  {[]any{canceled("None", "TransactionConflict", "None"), nil}, success, 2},
		"another transaction":        {always(canceled("TransactionConflict", "None", "None")), busy, 10},
		"throttled within, once":     {[]any{canceled("None", "None", "ThrottlingError"), nil}, success, 2},
		"capacity within, once":      {[]any{canceled("ProvisionedThroughputExceeded", "None", "None"), nil}, success, 2},
		"in progress, by the SDK":    {[]any{failure{code: "TransactionInProgressException"}, nil}, success, 2},
		"an item is there":           {[]any{canceled(wireItem("a", "b", 1, nil), "None", "None")}, conflict(0), 1},
		"an item is not there":       {[]any{canceled("None", object{}, "None")}, conflict(1), 1},
		"another version":            {[]any{canceled("None", wireItem("a", "c", 1, nil), "None")}, conflict(1), 1},
		"two conflicts, the first":   {[]any{canceled("None", wireItem("a", "c", 1, nil), object{})}, conflict(1), 1},
		"a conflict beside a rival":  {[]any{canceled("TransactionConflict", "None", wireItem("a", "d", 4, nil))}, conflict(2), 1},
		"other parts than expected":  {[]any{canceled("None", wireItem("a", "c", 2, object{"p": object{"S": "s:1:10"}}), "None"), nil, nil}, success, 3},
		"an invalid request":         {[]any{canceled("None", "ValidationError", "None")}, other, 1},
		"a refused request":          {[]any{failure{code: "AccessDeniedException"}}, other, 1},
		"no reason that it knows of": {[]any{canceled("None", "None", "None")}, other, 1},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			s := newScript(t, func(string, object) any {
				calls++
				return c.answers[calls-1]
			})
			err := s.table().Write(t.Context(), writes...)
			if !c.want(err) || calls != c.calls {
				t.Errorf("Write = %v after %d calls, want %d", err, calls, c.calls)
			}
		})
	}
}

// TestTransactionConflictOfOne: a single write can meet a transaction too.
func TestTransactionConflictOfOne(t *testing.T) {
	calls := 0
	s := newScript(t, func(string, object) any {
		if calls++; calls < 4 {
			return failure{code: "TransactionConflictException"}
		}
		return nil
	})
	if err := s.table().Write(t.Context(), onePut(store.IfAbsent())); err != nil || calls != 4 {
		t.Errorf("Write = %v after %d calls", err, calls)
	}
}
