package value_test

import (
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"pgregory.net/rapid"
)

func TestDecodeEncodeKeepsOrderAndTypes(t *testing.T) {
	for _, in := range []string{
		`{"b":1,"a":{"z":null,"y":[true,false]},"c":1.0}`,
		`12345678901234567890`,
		`1e+30`,
		`1e-07`,
		`"<a & b> é \" \n"`,
		`[]`,
		`{}`,
	} {
		v, err := value.Decode([]byte(in))
		if err != nil {
			t.Fatalf("%s: %v", in, err)
		}
		if got := string(value.MustEncode(v)); got != in {
			t.Errorf("got %s, want %s", got, in)
		}
	}
}

func TestDecodeRejects(t *testing.T) {
	deep := make([]byte, 5000)
	for i := range deep {
		deep[i] = '['
	}
	for _, in := range []string{"", "{", `{"a"}`, "1 2", "[1,", "nul", string(deep)} {
		if v, err := value.Decode([]byte(in)); err == nil {
			t.Errorf("%.20q decoded to %v", in, v)
		}
	}
}

func TestEqual(t *testing.T) {
	big1 := new(big.Int).Lsh(big.NewInt(1), 80)
	for _, c := range []struct {
		a, b any
		want bool
	}{
		{int64(1), 1.0, true},
		{int64(1), true, false},
		{nil, false, false},
		{value.MapOf("a", 1, "b", 2), value.MapOf("b", 2, "a", 1), true},
		{value.MapOf("a", 1), value.MapOf("a", 2), false},
		{[]any{int64(1)}, []any{1.0}, true},
		{big1, new(big.Int).Set(big1), true},
		{"1", int64(1), false},
	} {
		if got := value.Equal(c.a, c.b); got != c.want {
			t.Errorf("Equal(%v, %v) = %v", c.a, c.b, got)
		}
	}
}

func TestMap(t *testing.T) {
	var m value.Map
	m.Set("b", int64(1))
	m.Set("a", int64(2))
	m.Set("b", int64(3))
	if diff := cmp.Diff([]string{"b", "a"}, m.Keys()); diff != "" {
		t.Error(diff)
	}
	m.Delete("b")
	m.Delete("none")
	if m.Len() != 1 || m.Has("b") {
		t.Errorf("after Delete: %v", m.Keys())
	}
	var none *value.Map
	if none.Len() != 0 || none.Has("x") {
		t.Error("a nil map is not empty")
	}
}

func TestOfAndPlain(t *testing.T) {
	v := value.Of(map[string]any{"n": 3, "s": []string{"a"}, "o": struct {
		X int `json:"x"`
	}{1}})
	if got := string(value.MustEncode(v)); got != `{"n":3,"o":{"x":1},"s":["a"]}` {
		t.Error(got)
	}
	want := map[string]any{"n": int64(3), "s": []any{"a"}, "o": map[string]any{"x": int64(1)}}
	if diff := cmp.Diff(want, value.Plain(v)); diff != "" {
		t.Error(diff)
	}
}

func TestRoundTrip(t *testing.T) {
	leaf := rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.Int64(), func(i int64) any { return i }),
		rapid.Map(rapid.Float64(), func(f float64) any { return f }),
		rapid.Map(rapid.String(), func(s string) any { return s }),
	)
	rapid.Check(t, func(t *rapid.T) {
		m := value.NewMap(0)
		for _, k := range rapid.SliceOfN(rapid.String(), 0, 5).Draw(t, "keys") {
			m.Set(k, []any{leaf.Draw(t, "leaf")})
		}
		back, err := value.Decode(value.MustEncode(m))
		if err != nil || !value.Equal(m, back) {
			t.Fatalf("%s: %v", value.MustEncode(m), err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"a":[1,2.5,null,"x"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := value.Decode(data)
		if err != nil {
			return
		}
		back, err := value.Decode(value.MustEncode(v))
		if err != nil || !value.Equal(v, back) {
			t.Fatalf("%q: %v", data, err)
		}
	})
}

func TestMerge(t *testing.T) {
	right := value.MapOf("a", value.MapOf("y", int64(2)), "b", []any{int64(3)}, "c", value.MapOf("z", int64(4)))
	left := value.MapOf("a", value.MapOf("x", int64(1), "y", int64(1)), "b", []any{int64(1), int64(2)}, "c", "text")
	value.Merge(left, right)
	want := value.MapOf("a", value.MapOf("x", int64(1), "y", int64(2)), "b", []any{int64(3)}, "c", value.MapOf("z", int64(4)))
	if !value.Equal(left, want) {
		t.Errorf("got %s", value.MustEncode(left))
	}
	c, _ := left.Get("c")
	c.(*value.Map).Set("z", int64(5))
	if c, _ := right.Get("c"); !value.Equal(c, value.MapOf("z", int64(4))) {
		t.Error("left shares what it took from right")
	}
	value.Merge(left, nil)
	if left.Len() != 3 {
		t.Errorf("nothing changed something: %s", value.MustEncode(left))
	}
}
