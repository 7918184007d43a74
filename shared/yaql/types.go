package yaql

// noValue stands for an argument that was not given.
type noValueType struct{}

var noValue = noValueType{}

// ptype says what a parameter takes. Overloads are chosen by it twice: before
// arguments are evaluated, when an expression may be anything but a constant
// is known, and after.
type ptype struct {
	kind     ptypeKind
	class    class // for typed: what the value must be
	nullable bool
	accept   func(v any) bool // for typed: a further condition
}

type ptypeKind int

const (
	typed       ptypeKind = iota
	lazyLambda            // an expression, evaluated when the function calls it
	methodCall            // a lazyLambda that must be a call f(...): the right side of a dot
	contextExpr           // a lazyLambda evaluated in a scope that the function gives
	lazyRule              // a => b, both sides evaluated when the function asks
	rawExpr               // an expression as it stands
	keywordText           // a bare word, given as its text
	keywordNode           // a bare word, given as it stands
)

func (t *ptype) lazy() bool {
	switch t.kind {
	case lazyLambda, methodCall, contextExpr, lazyRule, rawExpr:
		return true
	}
	return false
}

// check reports whether v, an expression or a value, can be the argument.
func (t *ptype) check(v any) bool {
	switch t.kind {
	case lazyLambda, contextExpr:
		return true
	case methodCall:
		if c, ok := v.(*call); ok {
			return c.fn
		}
		_, isNode := v.(node)
		return !isNode
	case lazyRule:
		_, ok := v.(*mapping)
		return ok
	case rawExpr:
		_, ok := v.(node)
		return ok
	case keywordText, keywordNode:
		c, ok := v.(*constant)
		return ok && c.keyword
	}
	if c, ok := v.(*constant); ok {
		v = c.val
	}
	if v == nil {
		return t.nullable
	}
	if _, ok := v.(node); ok {
		return true
	}
	if v == noValue {
		return t.class == clsObject && t.accept == nil
	}
	return isA(v, t.class) && (t.accept == nil || t.accept(v))
}

// narrower reports whether t asks for a narrower Python type than u.
func (t *ptype) narrower(u *ptype) bool {
	return t.kind == typed && u.kind == typed && t.class.under(u.class)
}

func notStringOrMapping(v any) bool { return !isA(v, clsStr) && !isA(v, clsMapping) }
func notBool(v any) bool            { _, ok := v.(bool); return !ok }
func isNumber(v any) bool           { return isNumeric(v) && notBool(v) }

// The types that the standard library uses.
var (
	tAny      = &ptype{nullable: true}
	tNotNull  = &ptype{}
	tNull     = &ptype{class: clsNone, nullable: true}
	tBool     = &ptype{class: clsBool}
	tBoolNull = &ptype{class: clsBool, nullable: true}
	tInt      = &ptype{class: clsInt}
	tIntNull  = &ptype{class: clsInt, nullable: true}
	tInteger  = &ptype{class: clsInt, accept: notBool}
	tNumber   = &ptype{accept: isNumber}
	tNumNull  = &ptype{accept: isNumber, nullable: true}
	tStr      = &ptype{class: clsStr}
	tStrNull  = &ptype{class: clsStr, nullable: true}
	tIterable = &ptype{class: clsIterable, accept: notStringOrMapping}
	tNotSet   = &ptype{class: clsIterable, accept: func(v any) bool { return notStringOrMapping(v) && !isA(v, clsSet) }}
	tIterator = &ptype{class: clsIterator}
	tSequence = &ptype{class: clsSequence, accept: func(v any) bool { return !isA(v, clsStr) }}
	tSet      = &ptype{class: clsSet}
	tMapping  = &ptype{class: clsMapping}
	tOrdering = &ptype{class: clsOrdering}
	tRuleVal  = &ptype{class: clsRule}
	tRegex    = &ptype{class: clsRegex}
	tScope    = &ptype{class: clsScope}
	tDatetime = &ptype{class: clsDatetime}
	tTimespan = &ptype{class: clsTimespan}
	tSpanNull = &ptype{class: clsTimespan, nullable: true}

	tLambda  = &ptype{kind: lazyLambda, nullable: true}
	tMethod  = &ptype{kind: methodCall, nullable: true}
	tInScope = &ptype{kind: contextExpr, nullable: true}
	tRule    = &ptype{kind: lazyRule}
	tExpr    = &ptype{kind: rawExpr}
	tKeyword = &ptype{kind: keywordText}
	tWord    = &ptype{kind: keywordNode}
)
