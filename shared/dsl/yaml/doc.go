// Package yaml reads YAML as Mistral reads it: YAML 1.1 as Python's loader
// understands it, with two of Mistral's own changes. There are no anchors and
// aliases ('&', '*' and '@' begin ordinary text), so no small text can grow into a
// large value; and one file holds one document.
//
// [Parse] gives a tree of nodes. Each has its span; a scalar also knows the place
// of each of its bytes ([Node.PosAt]), through quotes, escapes, folding and
// indentation, so that an error inside an expression can be shown where it is
// written. Scalars are resolved as YAML 1.1 says: yes and on are booleans, 010 is
// eight, 1:30 is ninety, 1e3 is text, 2020-01-01 is a date. The merge key `<<` is
// carried out.
//
// Three steps work hand in hand. The scanner (scan.go, scalar.go, text.go) makes
// tokens, indentation included. The parser (parse.go) makes nodes of tokens. The
// resolver (resolve.go, merge.go) types scalars and finishes dictionaries. All of
// it takes time linear in the text, and nesting is bounded.
//
// An own reader, and not a library, because what a library takes for an anchor
// is text here, because no library gives places inside of scalars, and because
// what Mistral refuses must be refused.
package yaml
