package interp

import (
	"fmt"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// mapState begins a Map state: what it runs over is evaluated, and its items
// are begun as their frames get their turn.
func (fr *frame) mapState() {
	s := fr.state
	env := fr.environment("items")
	items, keys, err := fr.items(env)
	if err != nil {
		fr.evaluationFailed(err, true)
		return
	}
	k := &children{items: items, keys: keys, count: len(items), limit: fr.ex.opts.InlineConcurrency}
	if s.concurrency != nil {
		n, err := integerField(s.concurrency, env, 0)
		if err != nil {
			fr.evaluationFailed(err, true)
			return
		}
		if n > 0 {
			k.limit = int(min(n, int64(k.count)+1))
		}
	}
	if k.allowed, err = fr.tolerated(env, k.count); err != nil {
		fr.evaluationFailed(err, true)
		return
	}
	if s.processor.distributed {
		if !fr.distribute(env, k) {
			return
		}
		fr.ex.event(fr, "MapStateStarted", "mapStateStartedEventDetails", Details{Length: &k.count})
		fr.ex.event(fr, "MapRunStarted", "mapRunStartedEventDetails", Details{MapRunARN: fr.mapRunARN()})
	} else {
		fr.ex.event(fr, "MapStateStarted", "mapStateStartedEventDetails", Details{Length: &k.count})
	}
	k.alloc()
	fr.kids = k
	fr.phase = phaseChildren
	fr.touch()
	fr.ex.parent = append(fr.ex.parent, fr)
	fr.enqueue()
}

func (fr *frame) mapRunARN() string {
	sum := fr.derive("map run")
	return fmt.Sprintf("arn:aws:states:%s:%s:mapRun:%s/%s:%x", fr.ex.opts.Region, fr.ex.opts.Account,
		fr.ex.machine.name, fr.state.processor.label, sum[:16])
}

// items evaluates what a Map runs over: a list, or a dictionary with its keys.
func (fr *frame) items(env *environment) (items []any, keys []string, err *evaluationError) {
	t := fr.state.items
	if t == nil {
		t = &template{path: "Items", fixed: fr.input}
	}
	v, err := t.eval(env)
	if err != nil {
		return nil, nil, err
	}
	switch v := v.(type) {
	case []any:
		return v, nil, nil
	case *value.Map:
		for key, e := range v.All() {
			keys = append(keys, key)
			items = append(items, e)
		}
		return items, keys, nil
	default:
		return nil, nil, t.wrong(v, "array")
	}
}

// tolerated is how many of n items may fail: the lower of both thresholds.
func (fr *frame) tolerated(env *environment, n int) (float64, *evaluationError) {
	s := fr.state
	allowed, given := 0.0, false
	if s.tolerateN != nil {
		count, err := integerField(s.tolerateN, env, 0)
		if err != nil {
			return 0, err
		}
		allowed, given = float64(count), true
	}
	if s.tolerateP != nil {
		v, err := s.tolerateP.eval(env)
		if err != nil {
			return 0, err
		}
		var percent float64
		switch p := v.(type) {
		case int64:
			percent = float64(p)
		case float64:
			percent = p
		default:
			return 0, s.tolerateP.wrong(v, "number")
		}
		if percent < 0 || percent > 100 {
			return 0, s.tolerateP.wrong(v, "number within 0 and 100")
		}
		if byPercent := percent * float64(n) / 100; !given || byPercent < allowed {
			allowed = byPercent
		}
	}
	return allowed, nil
}

// item is what the context object says of the item i while it is selected, and
// in an inline Map throughout.
func (fr *frame) itemContext(i int) *mapItem {
	it := &mapItem{index: i, value: fr.kids.items[i]}
	if fr.kids.keys != nil {
		it.named, it.key = true, fr.kids.keys[i]
	}
	return it
}

// input is what an item's machine is given where there is no ItemSelector.
func (it *mapItem) input() any {
	if !it.named {
		return it.value
	}
	out := value.NewMap(2)
	out.Set("Key", it.key)
	out.Set("Value", it.value)
	return out
}

// selected is the input of an item.
func (fr *frame) selected(env *environment, it *mapItem) (any, *evaluationError) {
	if fr.state.selector == nil {
		return it.input(), nil
	}
	env.item, env.all = it, nil
	return fr.state.selector.eval(env)
}

// startItem begins the item i. It reports false if the state has failed over it.
func (fr *frame) startItem(i int) bool {
	if fr.scopeOfItems().distributed {
		v := fr.kids.items[i] // selected and batched before
		return fr.startChild(i, v, encode(v), nil)
	}
	it := fr.itemContext(i)
	input, err := fr.selected(fr.environment(fmt.Sprint("item ", i)), it)
	if err != nil {
		fr.cancelAndFail(err)
		return false
	}
	return fr.startChild(i, input, encode(input), it)
}

func (fr *frame) scopeOfItems() *scope { return fr.state.processor }

// cancelAndFail fails a Map state over the selection of an item while others
// run.
func (fr *frame) cancelAndFail(err *evaluationError) {
	fr.abortChildren(nil)
	fr.evaluationFailed(err, true)
}

// distribute makes the inputs of the child executions of a distributed Map:
// each item selected, then batched.
func (fr *frame) distribute(env *environment, k *children) bool {
	if fr.state.selector != nil || k.keys != nil {
		selected := make([]any, k.count)
		fr.kids = k // itemContext looks there
		for i := range selected {
			v, err := fr.selected(env, fr.itemContext(i))
			if err != nil {
				fr.kids = nil
				fr.evaluationFailed(err, true)
				return false
			}
			selected[i] = v
		}
		fr.kids = nil
		k.items, k.keys = selected, nil
		env.item, env.all = nil, nil
	}
	if fr.state.batch == nil {
		return true
	}
	batches, err := fr.batches(env, k.items)
	if err != nil {
		fr.evaluationFailed(err, true)
		return false
	}
	k.items, k.count = batches, len(batches)
	return true
}

// batches groups items as ItemBatcher says: each group is {"BatchInput",
// "Items"}.
func (fr *frame) batches(env *environment, items []any) ([]any, *evaluationError) {
	t := fr.state.batch
	v, err := t.eval(env)
	if err != nil {
		return nil, err
	}
	config, ok := v.(*value.Map)
	if !ok {
		return nil, t.wrong(v, "object")
	}
	limit := func(name string) (int, *evaluationError) {
		n, ok := config.Get(name)
		if !ok {
			return 0, nil
		}
		i, isInt := n.(int64)
		if !isInt || i < 1 {
			return 0, (&template{path: "ItemBatcher/" + name}).wrong(n, "positive integer")
		}
		return int(i), nil
	}
	most, err := limit("MaxItemsPerBatch")
	if err != nil {
		return nil, err
	}
	mostBytes, err := limit("MaxInputBytesPerBatch")
	if err != nil {
		return nil, err
	}
	common, hasCommon := config.Get("BatchInput")
	var out []any
	for len(items) > 0 {
		n := batchSize(items, most, mostBytes-len(encode(common)))
		batch := value.NewMap(2)
		if hasCommon {
			batch.Set("BatchInput", common)
		}
		batch.Set("Items", items[:n:n])
		out = append(out, batch)
		items = items[n:]
	}
	return out, nil
}

// batchSize is how many of the items, at least one, go together; a limit of 0
// or less is none.
func batchSize(items []any, most, mostBytes int) int {
	n := len(items)
	if most > 0 {
		n = min(n, most)
	}
	if mostBytes <= 0 {
		return n
	}
	size := len(`{"BatchInput":,"Items":[]}`)
	for i, e := range items[:n] {
		size += len(encode(e)) + 1
		if size > mostBytes {
			return max(i, 1)
		}
	}
	return n
}

// eventPrefix is how the history names a type of state.
func eventPrefix(s *state) string {
	return s.def.Type
}
