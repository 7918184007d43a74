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
	"path/filepath"
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
	"github.com/sirocco-workflows/sirocco/shared/store/keyfile"
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

// TestReplaceParts: the first try does not know that there are parts; the second
// makes them its condition, and then removes them.
func TestReplaceParts(t *testing.T) {
	s := newScript(t, func(op string, in object) any {
		condition, _ := in["ConditionExpression"].(string)
		if op == "UpdateItem" && strings.Contains(condition, "attribute_not_exists(#p)") {
			return failure{"ConditionalCheckFailedException", object{"Item": wireItem("a", "b", 7, object{"p": object{"S": "oldset:2:400000"}})}}
		}
		return nil
	})
	if err := s.table().Write(t.Context(), onePut(store.IfVersion(7))); err != nil {
		t.Fatal(err)
	}
	s.wantOps("UpdateItem", "UpdateItem", "BatchWriteItem")
	if got := at(s.ins[1], "ExpressionAttributeValues", ":replaces", "S"); got != "oldset:2:400000" {
		t.Errorf("the second try expects parts %v", got)
	}
	for n := range 2 {
		if got := at(s.ins[2], "RequestItems", "t", n, "DeleteRequest", "Key", "pk", "S"); got != fmt.Sprint("~part#oldset#", n) {
			t.Errorf("removed: %v", got)
		}
	}
}

// TestPartsAfterFailure: parts of a write that did not happen are removed; those
// of one that may have happened stay.
func TestPartsAfterFailure(t *testing.T) {
	large := store.Put(store.Item{Key: store.Key{PK: "a", SK: "b"}, Body: random(500 << 10)}, store.IfVersion(1))
	for name, c := range map[string]struct {
		answer any
		ops    []string
	}{
		"conflict": {failure{"ConditionalCheckFailedException", object{"Item": wireItem("a", "b", 2, nil)}}, []string{"BatchWriteItem", "UpdateItem", "BatchWriteItem"}},
		"lost":     {lost{}, []string{"BatchWriteItem", "UpdateItem", "UpdateItem", "UpdateItem", "UpdateItem"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, func(op string, _ object) any {
				if op == "UpdateItem" {
					return c.answer
				}
				return nil
			})
			if err := s.table().Write(t.Context(), large); err == nil {
				t.Error("no error")
			}
			s.wantOps(c.ops...)
		})
	}
}

// TestPartsGone: parts that are not there any more mean that the head was
// overwritten while it was read.
func TestPartsGone(t *testing.T) {
	heads := 0
	s := newScript(t, func(op string, in object) any {
		if op == "GetItem" {
			heads++
			return object{"Item": wireItem("a", "b", heads, object{"p": object{"S": fmt.Sprintf("set%d:1:4", heads)}})}
		}
		pk := at(in, "RequestItems", "t", "Keys", 0, "pk", "S").(string)
		if pk != "~part#set3#0" {
			return object{"Responses": object{"t": []any{}}}
		}
		return object{"Responses": object{"t": []any{wireItem(pk, "part", 0, object{"b": wireBody("abc")})}}}
	})
	item, err := s.table().Get(t.Context(), store.Key{PK: "a", SK: "b"})
	if err != nil || item.Version != 3 || string(item.Body) != "abc" {
		t.Errorf("Get = version %d %q, %v, want version 3", item.Version, item.Body, err)
	}
	var corrupt *store.CorruptError
	if _, err := s.table().Get(t.Context(), store.Key{PK: "a", SK: "b"}); !errors.As(err, &corrupt) {
		t.Errorf("Get = %v, want a *CorruptError", err)
	}
}

// TestDamaged reads what this package did not write.
func TestDamaged(t *testing.T) {
	for name, more := range map[string]object{
		"version is text":  {"v": object{"S": "1"}},
		"version is 1.5":   {"v": object{"N": "1.5"}},
		"expiry is text":   {"exp": object{"S": "1"}},
		"no set of parts":  {"p": object{"S": "x"}},
		"a negative set":   {"p": object{"S": "x:-1:5"}},
		"an unlimited set": {"p": object{"S": "x:999999999:999999999999"}},
		"encoding":         {"b": object{"B": "CQkJ"}},
	} {
		s := newScript(t, func(string, object) any { return object{"Item": wireItem("a", "b", 1, more)} })
		var corrupt *store.CorruptError
		if item, err := s.table().Get(t.Context(), store.Key{PK: "a", SK: "b"}); !errors.As(err, &corrupt) {
			t.Errorf("%s: Get = %v, %v, want a *CorruptError", name, item, err)
		}
	}
}

// TestLimits: no request is over what DynamoDB takes, which the emulator does not
// check.
func TestLimits(t *testing.T) {
	long := strings.Repeat("k", store.MaxSK-3)
	var sets [][]store.Write
	for _, c := range []struct{ n, size int }{
		{1, 0}, {100, 0}, {100, 35 << 10}, {1, 349 << 10}, {10, 349 << 10}, {1, 351 << 10}, {2, 500 << 10},
	} {
		var set []store.Write
		for i := range c.n {
			k := store.Key{PK: strings.Repeat("p", store.MaxPK), SK: fmt.Sprintf("%s%03d", long, i)}
			set = append(set, store.Put(store.Item{Key: k, Index: store.Index(k), Expires: time.Unix(4e9, 0), Body: random(c.size)}, store.IfVersion(1)))
		}
		sets = append(sets, set)
	}
	s := newScript(t, func(op string, in object) any {
		switch op {
		case "UpdateItem":
			checkSize(t, in, 400<<10)
		case "TransactWriteItems":
			total := 0
			items := in["TransactItems"].([]any)
			for _, i := range items {
				total += checkSize(t, at(i, "Update").(object), 400<<10)
			}
			if total > 4<<20 || len(items) > 100 {
				t.Errorf("a transaction of %d items with %d bytes", len(items), total)
			}
		case "BatchWriteItem":
			total := 0
			requests := at(in, "RequestItems", "t").([]any)
			for _, r := range requests {
				item := at(r, "PutRequest", "Item").(object)
				size := attributeSize(item)
				if total += size; size > 400<<10 {
					t.Errorf("a part of %d bytes", size)
				}
			}
			if total > 16<<20 || len(requests) > 25 {
				t.Errorf("a batch of %d requests with %d bytes", len(requests), total)
			}
		}
		return nil
	})
	for _, set := range sets {
		if err := s.table().Write(t.Context(), set...); err != nil {
			t.Error(err)
		}
	}
}

// checkSize adds up what an update leaves in its item.
func checkSize(t *testing.T, update object, limit int) int {
	t.Helper()
	size := attributeSize(update["Key"].(object)) + attributeSize(update["ExpressionAttributeValues"].(object))
	if size > limit {
		t.Errorf("an item of %d bytes", size)
	}
	return size
}

func attributeSize(attributes object) int {
	size := 0
	for name, v := range attributes {
		size += len(name)
		for kind, content := range v.(object) {
			switch content := content.(type) {
			case string:
				size += len(content)
				if kind == "B" {
					size -= len(content) - base64.StdEncoding.DecodedLen(len(content))
				}
			case []any:
				for _, e := range content {
					size += 1 + attributeSize(object{"": e})
				}
			}
		}
	}
	return size
}

// TestNoSecretOnTheWire looks for a secret in all that DynamoDB is sent.
func TestNoSecretOnTheWire(t *testing.T) {
	cipher, err := keyfile.Open(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	const secret = "hunter2-hunter2-hunter2"
	s := newScript(t, func(string, object) any { return nil })
	creds := store.NewCredentials(s.table(), cipher)
	for _, plaintext := range []string{secret, strings.Repeat(secret, 30000)} {
		if err := creds.Put(t.Context(), "prod", []byte(plaintext)); err != nil {
			t.Fatal(err)
		}
	}
	sent := s.raw.String()
	if !strings.Contains(sent, "credential#prod") {
		t.Error("nothing was sent")
	}
	if strings.Contains(sent, "hunter2") {
		t.Error("the secret was sent in the clear")
	}
	for shift := range 3 { // base64 has three forms of a text within another
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", shift) + secret))
		if inner := encoded[4 : len(encoded)-4]; strings.Contains(sent, inner) {
			t.Error("the secret was sent, encoded only")
		}
	}
}
