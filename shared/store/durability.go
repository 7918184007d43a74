package store

import "context"

// Durability is what an acknowledged write of a local table survives.
type Durability int

const (
	// Durable writes survive the end of the process and of the machine's power.
	Durable Durability = iota
	// Relaxed writes survive the end of the process, killed or not, but the
	// last of them may be lost if the machine loses power. They are lost in
	// order: a write that is there has all writes acknowledged before it. They
	// cost about a tenth of a durable one.
	Relaxed
)

type durabilityKey struct{}

// WithDurability says what the writes done with the context need to survive.
// Without it they are durable. Tables to which it means nothing (DynamoDB)
// ignore it.
func WithDurability(ctx context.Context, d Durability) context.Context {
	return context.WithValue(ctx, durabilityKey{}, d)
}

// DurabilityOf returns what [WithDurability] said.
func DurabilityOf(ctx context.Context) Durability {
	d, _ := ctx.Value(durabilityKey{}).(Durability)
	return d
}
