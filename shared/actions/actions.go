// Package actions is the catalog of actions that a workflow can call and what
// performs them.
//
// An action is an entry of a table: one YAML file per service under tables/,
// embedded, that says in the terms of OpenStack's API what the action sends and
// what it gives back. From an entry come the handler, the check of the
// arguments, the documentation (`sirocco action show`, docs/actions) and whether
// a call may be repeated without harm. What a table can't say is Go code: a hook
// that the entry names (hooks_*.go).
//
// A [Registry] knows the names of all actions and decodes an entry when it is
// first looked up, so a function that performs nova.servers_list pays for
// that entry and no other. A [Runner] performs a call: it finds the action,
// checks the arguments, builds the requests, sends them through a session of
// package openstack, follows the pages of a list and unwraps the answer.
//
// Names, parameters, defaults and requests are those of Mistral's actions, which
// are those of the Python clients. Results are the resource's own JSON.
package actions

import "slices"

// Services that are not OpenStack's.
const (
	ServiceStd     = "std"     // std.*: Mistral's standard actions
	ServiceProject = "project" // openstack.*: the project's own actions
)

// Action describes one action. It is shared and must not be changed.
type Action struct {
	Name     string  // as a workflow writes it: "nova.servers_list"
	Service  string  // the service, which is the function that performs it: "nova", "std", "project"
	Params   []Param // in Mistral's order
	VarKW    bool    // any other keyword is accepted too
	VarKWDoc string  // which ones make sense
	Async    bool    // of a workflow's task: it goes on when somebody else completes the action
	ReadOnly bool    // changes nothing, so it may be repeated without harm
	Doc      string  // one or two sentences
	Request  string  // what it sends, for people: "GET /servers/detail"; empty for what sends nothing

	keywords []string // the names that the catch-all takes, all if there are none
	spec     *spec    // how it is performed
}

// Param is one parameter of an action.
type Param struct {
	Name       string
	Type       string // any, string, bool, int, number, list or dict; null is accepted too unless the parameter is required
	Required   bool
	HasDefault bool
	Default    any  // package value data; nil also where HasDefault is false
	Secret     bool // its value is not to be kept or shown
	Doc        string
}

// TargetParams are the parameters that say where an OpenStack action goes. Every
// such action accepts them besides its own: action_region (or region), cloud (a
// name in clouds.yaml), auth_url, interface (public, internal or admin), and the
// microversion of the service to speak.
var targetParams = [...]string{"action_region", "region", "cloud", "auth_url", "interface", "microversion"}

// TargetParams returns the names of the parameters that every OpenStack action
// accepts besides its own, and that say where it goes: action_region or region,
// cloud, auth_url, interface and microversion.
func TargetParams() []string { return slices.Clone(targetParams[:]) }

// IsOpenStack reports whether the action goes to a cloud, and so accepts the
// target parameters.
func (a *Action) IsOpenStack() bool { return a.Service != ServiceStd }

// Param returns the parameter of that name.
func (a *Action) Param(name string) (Param, bool) {
	for _, p := range a.Params {
		if p.Name == name {
			return p, true
		}
	}
	return Param{}, false
}

// IsTargetParam reports whether name is one of the target parameters and not
// one of the action's own.
func (a *Action) IsTargetParam(name string) bool {
	if !a.IsOpenStack() {
		return false
	}
	if _, own := a.Param(name); own {
		return false
	}
	return slices.Contains(targetParams[:], name)
}
