package actions

import (
	"fmt"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// A table writes an action's parameters as one line, as Mistral does:
//
//	server, reboot_type="SOFT", metadata:dict=null, password:secret=null, **kwargs
//
// A parameter without default is required. A default is JSON. A type after a
// colon is checked before any request. **name stands for any other keyword;
// the templates see those as one dictionary of that name.

// paramTypes are the types that a table may name. The type secret is a string
// that is not to be kept or shown.
var paramTypes = map[string]bool{
	"string": true, "bool": true, "int": true, "number": true, "list": true, "dict": true, "secret": true,
}

// parseParams reads a line of parameters. varkw is the name of the catch-all,
// empty if there is none.
func parseParams(line string) (params []Param, varkw string, err error) {
	for _, part := range splitParams(line) {
		if name, ok := strings.CutPrefix(part, "**"); ok {
			varkw = name
			continue
		}
		p, err := parseParam(part)
		if err != nil {
			return nil, "", err
		}
		params = append(params, p)
	}
	return params, varkw, nil
}

func parseParam(part string) (Param, error) {
	decl, def, hasDefault := strings.Cut(part, "=")
	name, typ, typed := strings.Cut(decl, ":")
	p := Param{Name: name, Type: "any", Required: !hasDefault, HasDefault: hasDefault}
	if typed {
		if !paramTypes[typ] {
			return p, fmt.Errorf("parameter %s: unknown type %q", name, typ)
		}
		p.Type = typ
	}
	if p.Type == "secret" {
		p.Type, p.Secret = "any", true
	}
	if hasDefault {
		v, err := value.Decode([]byte(def))
		if err != nil {
			return p, fmt.Errorf("parameter %s: default %q: %w", name, def, err)
		}
		p.Default = v
	}
	return p, nil
}

// splitParams splits a line at the commas that are not inside a JSON default.
func splitParams(line string) []string {
	var parts []string
	depth, start, quoted := 0, 0, false
	for i := 0; i <= len(line); i++ {
		if i == len(line) || line[i] == ',' && depth == 0 && !quoted {
			if part := strings.TrimSpace(line[start:i]); part != "" {
				parts = append(parts, part)
			}
			start = i + 1
			continue
		}
		switch c := line[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		}
	}
	return parts
}
