package dynamo_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/keyfile"
)

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
