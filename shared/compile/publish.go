package compile

import (
	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// published is what a task publishes when it ends in one of its states: for the
// tasks behind it, and for the whole execution.
type published struct {
	branch, global *value.Map
	given          bool // something is published, if only in a scope that does not count
}

// publishes puts together what a task's own publish (or publish-on-error), its
// on-success (or on-error) and its on-complete publish, as Mistral does. There
// the clause that comes first in that order of on-success, publish, on-complete
// decides which scopes there are: a scope that it does not have is not taken
// from the others. (A check warns of what is lost by that. `atomic` is never
// published.)
func publishes(own *dsl.Node, on, onComplete *dsl.Routes) published {
	var out published
	if own != nil {
		out = published{branch: mapOf(own), given: true}
	}
	complete := scopes(onComplete)
	if own == nil {
		out = complete
	} else {
		out = mergeScopes(out, complete)
	}
	if on != nil && on.Publish != nil {
		out = mergeScopes(scopes(on), out)
	}
	return out
}

func scopes(r *dsl.Routes) published {
	if r == nil || r.Publish == nil {
		return published{}
	}
	return published{branch: mapOf(r.Publish.Branch), global: mapOf(r.Publish.Global), given: true}
}

func mergeScopes(left, right published) published {
	return published{mergeScope(left.branch, right.branch), mergeScope(left.global, right.global), left.given || right.given}
}

func mergeScope(left, right *value.Map) *value.Map {
	if left == nil {
		return nil
	}
	out := value.Clone(left).(*value.Map)
	value.Merge(out, right)
	return out
}
