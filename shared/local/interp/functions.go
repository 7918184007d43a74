package interp

import (
	"crypto/md5"  //nolint:gosec // $hash offers it
	"crypto/sha1" //nolint:gosec // $hash offers it
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"math"
	"math/rand/v2"
	"reflect"
	"sync"

	"github.com/google/uuid"
	"github.com/recolabs/gnata"
)

// ownFunctions are the functions that Step Functions adds to JSONata or has
// otherwise than gnata.
var ownFunctions = []string{"partition", "range", "hash", "random", "uuid", "parse", "now", "millis", "eval"}

// builtins gives access to gnata's function values: its type for them, which
// it does not export, and its $fromMillis.
var builtins = sync.OnceValue(func() (b struct {
	typ        reflect.Type
	fromMillis func([]any, any) (any, error)
}) {
	env := gnata.NewCustomEnv(nil)
	fn, _ := env.Lookup("fromMillis")
	b.typ = reflect.TypeOf(fn)
	b.fromMillis = reflect.ValueOf(fn).Convert(reflect.TypeOf(b.fromMillis)).Interface().(func([]any, any) (any, error))
	return b
})

// native makes a function that gnata calls with its own values as they are.
func native(fn func(args []any, focus any) (any, error)) any {
	return reflect.ValueOf(fn).Convert(builtins().typ).Interface()
}

// function returns one of ownFunctions.
func (env *environment) function(name string) any {
	switch name {
	case "partition":
		return native(fnPartition)
	case "range":
		return native(fnRange)
	case "hash":
		return native(fnHash)
	case "parse":
		return native(fnParse)
	case "random":
		return native(func(args []any, _ any) (any, error) { return fnRandom(env, args) })
	case "uuid":
		return native(func([]any, any) (any, error) { return fnUUID(env) })
	case "now":
		return native(func(args []any, focus any) (any, error) {
			return builtins().fromMillis(append([]any{env.millis()}, args...), focus)
		})
	case "millis":
		return native(func([]any, any) (any, error) { return env.millis(), nil })
	default:
		return native(func([]any, any) (any, error) { return nil, errors.New("$eval is not supported") })
	}
}

func toInt(v any, what string) (int64, error) {
	var f float64
	switch v := v.(type) {
	case float64:
		f = v
	case json.Number:
		var err error
		if f, err = v.Float64(); err != nil {
			return 0, err
		}
	default:
		return 0, fmt.Errorf("%s is not a number", what)
	}
	if f != math.Trunc(f) || math.Abs(f) > maxExact {
		return 0, fmt.Errorf("%s is not an integer", what)
	}
	return int64(f), nil
}

func argument(args []any, i int) any {
	if i < len(args) {
		return args[i]
	}
	return nil
}

// fnPartition is $partition(array, size): the array in parts of that size.
func fnPartition(args []any, _ any) (any, error) {
	if argument(args, 0) == nil {
		return nil, nil
	}
	list, ok := args[0].([]any)
	if !ok {
		list = []any{args[0]} // JSONata: a value is a list of one
	}
	size, err := toInt(argument(args, 1), "the size of $partition")
	if err != nil {
		return nil, err
	}
	if size < 1 {
		return nil, errors.New("the size of $partition is not positive")
	}
	out := make([]any, 0, len(list)/int(min(size, math.MaxInt32))+1)
	for len(list) > 0 {
		n := int(min(size, int64(len(list))))
		out = append(out, list[:n:n])
		list = list[n:]
	}
	return out, nil
}

// maxRange is the longest list that $range makes.
const maxRange = 1000000

// fnRange is $range(first, last, step): last is included if it is met.
func fnRange(args []any, _ any) (any, error) {
	first, err1 := toInt(argument(args, 0), "the first of $range")
	last, err2 := toInt(argument(args, 1), "the last of $range")
	step, err3 := toInt(argument(args, 2), "the step of $range")
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	if step == 0 {
		return nil, errors.New("the step of $range is 0")
	}
	if n := (last - first) / step; n >= maxRange {
		return nil, fmt.Errorf("$range gives more than %d numbers", maxRange)
	}
	out := []any{}
	for i := first; (step > 0 && i <= last) || (step < 0 && i >= last); i += step {
		out = append(out, float64(i))
	}
	return out, nil
}

// fnHash is $hash(text, algorithm) in hexadecimal.
func fnHash(args []any, _ any) (any, error) {
	if argument(args, 0) == nil {
		return nil, nil
	}
	text, ok := args[0].(string)
	if !ok {
		return nil, errors.New("the first argument of $hash is not a string")
	}
	var h hash.Hash
	switch alg := argument(args, 1); alg {
	case "MD5":
		h = md5.New() //nolint:gosec // the caller's choice
	case "SHA-1":
		h = sha1.New() //nolint:gosec // the caller's choice
	case "SHA-256":
		h = sha256.New()
	case "SHA-384":
		h = sha512.New384()
	case "SHA-512":
		h = sha512.New()
	default:
		return nil, fmt.Errorf("$hash does not know the algorithm %v", alg)
	}
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil)), nil
}

// fnParse is $parse(text): the value of JSON text.
func fnParse(args []any, _ any) (any, error) {
	if argument(args, 0) == nil {
		return nil, nil
	}
	text, ok := args[0].(string)
	if !ok {
		return nil, errors.New("the argument of $parse is not a string")
	}
	if !json.Valid([]byte(text)) {
		return nil, errors.New("the argument of $parse is not JSON")
	}
	return gnata.DecodeJSON(json.RawMessage(text))
}

// fnRandom is $random() or $random(seed): the same seed gives the same number.
func fnRandom(env *environment, args []any) (any, error) {
	if argument(args, 0) == nil {
		return env.rand().Float64(), nil
	}
	seed, err := toInt(args[0], "the seed of $random")
	if err != nil {
		return nil, err
	}
	return rand.New(rand.NewPCG(uint64(seed), 0)).Float64(), nil //nolint:gosec // not for secrets
}

func fnUUID(env *environment) (any, error) {
	var id uuid.UUID
	r := env.rand()
	for i := range id {
		id[i] = byte(r.Uint32())
	}
	id[6] = id[6]&0x0f | 0x40 // version 4
	id[8] = id[8]&0x3f | 0x80
	return id.String(), nil
}
