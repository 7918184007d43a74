package jinja

import "sync"

// table is made when it is first asked for. Its entries refer back to what
// looks them up, which an initialized variable could not.
type table[T any] struct {
	once    sync.Once
	entries map[string]T
}

func (t *table[T]) get(build func() map[string]T) map[string]T {
	t.once.Do(func() { t.entries = build() })
	return t.entries
}

// tables are all of them.
var tables struct {
	filters, tests             table[builtin]
	stringMethods, listMethods table[builtin]
	tupleMethods, dictMethods  table[builtin]
	globals                    table[*callable]
}

func filters() map[string]builtin       { return tables.filters.get(makeFilters) }
func tests() map[string]builtin         { return tables.tests.get(makeTests) }
func stringMethods() map[string]builtin { return tables.stringMethods.get(makeStringMethods) }
func listMethods() map[string]builtin   { return tables.listMethods.get(makeListMethods) }
func tupleMethods() map[string]builtin  { return tables.tupleMethods.get(makeTupleMethods) }
func dictMethods() map[string]builtin   { return tables.dictMethods.get(makeDictMethods) }
func globals() map[string]*callable     { return tables.globals.get(makeGlobals) }
