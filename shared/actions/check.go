package actions

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// CheckInput checks the names of a call's arguments: none missing, none
// unknown. The error is an [InvalidInput].
func (a *Action) CheckInput(names []string) error {
	given := make(map[string]bool, len(names))
	for _, name := range names {
		given[name] = true
		if _, own := a.Param(name); own || a.takesKeyword(name) || a.IsTargetParam(name) {
			continue
		}
		return InvalidInput{Action: a.Name, Parameter: name,
			Message: fmt.Sprintf("unknown parameter %q%s", name, a.expected(name))}
	}
	var missing []string
	for _, p := range a.Params {
		if p.Required && !given[p.Name] {
			missing = append(missing, p.Name)
		}
	}
	if len(missing) > 0 {
		return InvalidInput{Action: a.Name, Parameter: missing[0],
			Message: "missing parameter " + strings.Join(missing, ", ")}
	}
	return nil
}

// takesKeyword reports whether the catch-all takes a keyword of that name.
func (a *Action) takesKeyword(name string) bool {
	return a.VarKW && (len(a.keywords) == 0 || slices.Contains(a.keywords, name))
}

// expected is the advice about an unknown parameter.
func (a *Action) expected(name string) string {
	var known []string
	for _, p := range a.Params {
		known = append(known, p.Name)
	}
	known = append(known, a.keywords...)
	own := len(known)
	if a.IsOpenStack() {
		known = append(known, targetParams[:]...)
	}
	if near := nearest(name, known, 1); len(near) > 0 {
		return didYouMean(near)
	}
	if own == 0 {
		return "; it takes no parameters"
	}
	return "; it takes " + strings.Join(known[:own], ", ")
}

// CheckValues checks a call's arguments, names and types. Null passes as any
// type, as it does for the clients, but not in the place of a list or dictionary
// that has to be given. The error is an [InvalidInput].
func (a *Action) CheckValues(input *value.Map) error {
	if err := a.CheckInput(input.Keys()); err != nil {
		return err
	}
	for _, p := range a.Params {
		v, given := input.Get(p.Name)
		if given && !isType(v, p.Type) && (v != nil || p.Required && isCollection(p.Type)) {
			return InvalidInput{Action: a.Name, Parameter: p.Name,
				Message: fmt.Sprintf("parameter %s must be %s, not %s", p.Name, typeNames[p.Type], value.Kind(v))}
		}
	}
	for _, name := range targetParams {
		if v, given := input.Get(name); given && v != nil && a.IsTargetParam(name) && !isType(v, "string") {
			return InvalidInput{Action: a.Name, Parameter: name,
				Message: fmt.Sprintf("parameter %s must be a string, not %s", name, value.Kind(v))}
		}
	}
	return nil
}

func isCollection(typ string) bool { return typ == "list" || typ == "dict" }

// typeNames is how a message calls the types.
var typeNames = map[string]string{
	"string": "a string", "bool": "true or false", "int": "an integer",
	"number": "a number", "list": "a list", "dict": "a dictionary",
}

// isType reports whether v passes as the type. As for the clients, 0 and 1 pass
// as booleans and a string of digits as an integer; what is sent stays as given.
func isType(v any, typ string) bool {
	switch v := v.(type) {
	case string:
		return typ == "any" || typ == "string" || (typ == "int" || typ == "number") && isDigits(v)
	case bool:
		return typ == "any" || typ == "bool"
	case int64:
		return typ == "any" || typ == "int" || typ == "number" || typ == "bool" && (v == 0 || v == 1)
	case *big.Int:
		return typ == "any" || typ == "int" || typ == "number"
	case float64:
		return typ == "any" || typ == "number"
	case []any:
		return typ == "any" || typ == "list"
	case *value.Map:
		return typ == "any" || typ == "dict"
	default:
		return typ == "any"
	}
}

func isDigits(s string) bool {
	s = strings.TrimPrefix(s, "-")
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// redacted stands in the place of a secret.
const redacted = "***"

// Redact returns the input with the values of secret parameters replaced, for
// records and logs. The input itself is not changed.
func (a *Action) Redact(input *value.Map) *value.Map {
	out := value.NewMap(input.Len())
	for k, v := range input.All() {
		if p, _ := a.Param(k); p.Secret && v != nil {
			v = redacted
		}
		out.Set(k, redactNested(v))
	}
	return out
}

// secrets are the values that [Action.Redact] replaces, as far as they are text.
func (a *Action) secrets(input *value.Map) []string {
	var out []string
	var walk func(v any, secret bool)
	walk = func(v any, secret bool) {
		switch v := v.(type) {
		case string:
			if secret {
				out = append(out, v)
			}
		case []any:
			for _, e := range v {
				walk(e, secret)
			}
		case *value.Map:
			for k, e := range v.All() {
				walk(e, secret || isSecretKey(k))
			}
		}
	}
	for k, v := range input.All() {
		p, _ := a.Param(k)
		walk(v, p.Secret || isSecretKey(k))
	}
	return out
}

// userinfo is the user and password of a URL.
var userinfo = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@`)

// secretKeys are names under which a body holds a secret, whichever action
// takes it (compared in lower case, without - and _).
var secretKeys = map[string]bool{
	"adminpass": true, "authkey": true, "secret": true, "privatekey": true, "psk": true,
	"authorization": true, "xauthtoken": true, "xsubjecttoken": true, "token": true, "authtoken": true,
	"applicationcredentialsecret": true, "consumersecret": true, "requestsecret": true, "accesssecret": true,
}

func isSecretKey(key string) bool {
	key = strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(key))
	return secretKeys[key] || strings.HasSuffix(key, "password") // ipmi_password and the like of a node's driver
}

func redactNested(v any) any {
	switch v := v.(type) {
	case *value.Map:
		out := value.NewMap(v.Len())
		for k, e := range v.All() {
			if isSecretKey(k) && e != nil {
				out.Set(k, redacted)
			} else {
				out.Set(k, redactNested(e))
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = redactNested(e)
		}
		return out
	case string:
		return userinfo.ReplaceAllString(v, "${1}"+redacted+"@")
	default:
		return v
	}
}
