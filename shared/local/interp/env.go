package interp

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// environment is what the expressions of one field, or of Output and Assign
// together, see.
type environment struct {
	fr     *frame
	part   string // which part of the state is evaluated: seeds the randomness
	input  any
	result any
	errOut any
	has    uint8 // which of result and errOut are there
	item   *mapItem

	all *value.Map // $states
	rng *rand.Rand
	now time.Time
}

const (
	hasResult = 1 << iota
	hasErrOut
)

// mapItem is what Map.Item of the context is.
type mapItem struct {
	index int
	key   string
	named bool // the items are those of a dictionary, key is theirs
	value any
}

func (it *mapItem) context() *value.Map {
	item := value.NewMap(3)
	item.Set("Index", int64(it.index))
	if it.named {
		item.Set("Key", it.key)
	}
	item.Set("Value", it.value)
	out := value.NewMap(1)
	out.Set("Item", item)
	return out
}

// states returns a field of $states.
func (env *environment) states(field string) (any, bool) {
	switch field {
	case "input":
		return env.input, true
	case "result":
		return env.result, env.has&hasResult != 0
	case "errorOutput":
		return env.errOut, env.has&hasErrOut != 0
	case "context":
		return env.fr.context(env.item), true
	default:
		return nil, false
	}
}

// variable returns a variable's value and the frame that it is of.
func (env *environment) variable(name string) (any, *frame, bool) {
	if name != "states" {
		return env.fr.lookup(name)
	}
	if env.all == nil {
		env.all = value.NewMap(4)
		for _, f := range [...]string{"input", "result", "errorOutput", "context"} {
			if v, ok := env.states(f); ok {
				env.all.Set(f, v)
			}
		}
	}
	return env.all, env.fr, true
}

// millis is the time of the evaluation: the same throughout it.
func (env *environment) millis() float64 {
	if env.now.IsZero() {
		env.now = env.fr.ex.clock.Now()
	}
	return float64(env.now.UnixMilli())
}

// rand is the source of $random and $uuid. It depends only on the execution's
// seed and the place, so that an evaluation that is done again after a restart
// gives the same.
func (env *environment) rand() *rand.Rand {
	if env.rng == nil {
		sum := env.fr.derive(env.part)
		env.rng = rand.New(rand.NewPCG(binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:]))) //nolint:gosec // not for secrets
	}
	return env.rng
}

// derive gives bytes that belong to this attempt of this state, and to what.
func (fr *frame) derive(what string) [sha256.Size]byte {
	b := append([]byte(nil), fr.ex.seed...)
	b = append(b, fr.path...)
	b = append(b, 0)
	b = binary.AppendVarint(b, int64(fr.visit))
	b = binary.AppendVarint(b, int64(fr.retryCount))
	return sha256.Sum256(append(b, what...))
}

// timestamp writes a time as the context object and the history have it.
func timestamp(t time.Time) string {
	return t.UTC().Format(timeFormat)
}

// context builds the context object of a frame's state.
func (fr *frame) context(item *mapItem) *value.Map {
	if fr.ctx == nil {
		state := value.NewMap(3)
		state.Set("EnteredTime", timestamp(fr.entered))
		state.Set("Name", fr.state.name)
		state.Set("RetryCount", int64(fr.retryCount))
		id := fr.identity()
		fr.ctx = value.NewMap(5)
		fr.ctx.Set("Execution", id.execution)
		fr.ctx.Set("State", state)
		fr.ctx.Set("StateMachine", id.machine)
		if fr.token != "" {
			task := value.NewMap(1)
			task.Set("Token", fr.token)
			fr.ctx.Set("Task", task)
		}
		if m := fr.mapContext(); m != nil {
			fr.ctx.Set("Map", m)
		}
	}
	if item == nil {
		return fr.ctx
	}
	out := value.NewMap(5)
	for k, v := range fr.ctx.All() {
		out.Set(k, v)
	}
	out.Set("Map", item.context())
	return out
}

// mapContext is the Map of the context: that of the innermost inline Map that
// the frame is an item of.
func (fr *frame) mapContext() *value.Map {
	for f := fr; f.parent != nil && !f.scope.distributed; f = f.parent {
		if f.item != nil {
			return f.item.context()
		}
	}
	return nil
}

// identity is what the context says of execution and machine: for an item of a
// distributed Map those of its own child execution.
type identity struct {
	execution, machine *value.Map
}

func (fr *frame) identity() *identity {
	f := fr
	for f.parent != nil && !f.scope.distributed {
		f = f.parent
	}
	if f.id == nil {
		f.id = f.ex.newIdentity(f)
	}
	return f.id
}

// lookup finds a variable in the frame or, as far as it sees them, in those
// around.
func (fr *frame) lookup(name string) (any, *frame, bool) {
	for f := fr; f != nil; f = f.parent {
		if v, ok := f.vars.Get(name); ok {
			return v, f, true
		}
		if f.scope.distributed {
			break
		}
	}
	return nil, nil, false
}

// convKey identifies a value that is not changed any more.
type convKey struct {
	m *value.Map
	l *any
	n int
}

// minConv is the size from which converting again costs more than remembering.
const minConv = 4

func keyOf(v any) (convKey, bool) {
	switch v := v.(type) {
	case *value.Map:
		return convKey{m: v}, v.Len() >= minConv
	case []any:
		if len(v) >= minConv {
			return convKey{l: &v[0], n: len(v)}, true
		}
	}
	return convKey{}, false
}

// convert is toJSONata, remembered while the frame is in its state, or as long
// as its variables stay.
func (fr *frame) convert(v any) any {
	key, big := keyOf(v)
	if !big {
		return toJSONata(v)
	}
	if c, ok := fr.conv[key]; ok {
		return c
	}
	c := toJSONata(v)
	if fr.conv == nil {
		fr.conv = map[convKey]any{}
	}
	fr.conv[key] = c
	return c
}

// converted returns what convert remembers of v.
func (fr *frame) converted(v any) any {
	key, big := keyOf(v)
	if !big {
		return nil
	}
	return fr.conv[key]
}
