package sandbox

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// record is one resource: what the API shows in f, and what it needs besides.
type record struct {
	id, project      string
	created, updated time.Time
	f                object
	ext              any // data of a service's own
	life             life
}

func (r *record) name() string { return str(r.f, "name") }

// life is what a resource is still to become.
type life struct {
	steps    []func()
	deleting bool
	since    time.Time
	reads    int
}

// become queues the end of a passing status.
func (r *record) become(now time.Time, step func()) {
	if len(r.life.steps) == 0 {
		r.life.since, r.life.reads = now, 0
	}
	r.life.steps = append(r.life.steps, step)
}

// settle is called when a resource is looked at: it takes the steps that are due.
func (r *record) settle(p Progress, now time.Time) {
	for len(r.life.steps) > 0 {
		reads, delay := p.Reads, p.Delay
		if r.life.deleting {
			reads, delay = p.DeleteReads, p.DeleteDelay
		}
		if delay > 0 {
			if now.Sub(r.life.since) < delay {
				return
			}
			r.life.since = r.life.since.Add(delay)
		} else {
			if r.life.reads < reads {
				r.life.reads++
				return
			}
			r.life.reads = 0
		}
		step := r.life.steps[0]
		r.life.steps = r.life.steps[1:]
		step()
	}
}

// table holds the resources of one kind in the order of their making.
type table struct {
	byID  map[string]*record
	order []*record
}

func (t *table) add(r *record) *record {
	if t.byID == nil {
		t.byID = make(map[string]*record)
	}
	t.byID[r.id] = r
	t.order = append(t.order, r)
	return r
}

func (t *table) get(id string) *record { return t.byID[id] }

func (t *table) remove(id string) {
	r := t.byID[id]
	if r == nil {
		return
	}
	delete(t.byID, id)
	if i := slices.Index(t.order, r); i >= 0 {
		t.order = slices.Delete(t.order, i, i+1)
	}
}

// each calls f over a copy, so that f may remove what it sees.
func (t *table) each(f func(*record)) {
	for _, r := range slices.Clone(t.order) {
		f(r)
	}
}

func (t *table) named(project, name string) *record {
	for _, r := range t.order {
		if r.project == project && r.name() == name {
			return r
		}
	}
	return nil
}

// settleAll lets time pass for every resource of a table.
func (c *call) settleAll(t *table) {
	t.each(func(r *record) { r.settle(c.sb.opts.Progress, c.now) })
}

// settled returns a resource as it stands now, nil when it is not there or has
// just ceased to be.
func (c *call) settled(t *table, id string) *record {
	r := t.get(id)
	if r == nil {
		return nil
	}
	r.settle(c.sb.opts.Progress, c.now)
	return t.get(id)
}

// dying queues the removal of a resource; with the zero Progress it is done now.
func (c *call) dying(r *record, remove func()) {
	p := c.sb.opts.Progress
	r.life = life{since: c.now, deleting: true}
	if p.DeleteReads <= 0 && p.DeleteDelay <= 0 {
		remove()
		return
	}
	r.become(c.now, remove)
}

// newID makes a random UUID with dashes, as most services use.
func newID() string { return uuid.NewString() }

// newHex makes 32 hexadecimal digits, as Keystone does.
func newHex() string { return strings.ReplaceAll(uuid.NewString(), "-", "") }

// newSecret makes n random bytes in hexadecimal digits.
func newSecret(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// fixedID makes a UUID that is the same in every run: the demo content has them.
func fixedID(parts ...string) string {
	sum := sha1.Sum([]byte(strings.Join(parts, "\x00")))
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	u, _ := uuid.FromBytes(b)
	return u.String()
}

func fixedHex(parts ...string) string { return strings.ReplaceAll(fixedID(parts...), "-", "") }
