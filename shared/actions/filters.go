package actions

import (
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// filter changes an argument on its way into a template. Its error says what
// the argument must be.
type filter func(v any) (any, error)

// filters are those that tables may name, but for those of namedFilters.
var filters = map[string]filter{
	"aslist":     asList,
	"auto":       auto,
	"base64":     encoded,
	"bit":        bit,
	"bytes":      asBytes,
	"commas":     commas,
	"contents":   contents,
	"count":      count,
	"criteria":   criteria,
	"dictasjson": dictAsJSON,
	"dicts":      dictionaries,
	"falsy":      falsy,
	"filled":     filled,
	"first":      first,
	"flag":       flagged,
	"float":      toFloat,
	"forced":     forced,
	"header":     headerLine,
	"headers":    headerFields,
	"headertext": headerEscaped,
	"ids":        wrapped("id"),
	"iftrue":     ifTrue,
	"ifuuid":     ifUUID,
	"inherited":  inherited,
	"int":        pythonInt,
	"ips":        wrapped("ip_address"),
	"isodate":    isoDate,
	"items":      items,
	"json":       fromJSON,
	"jsontext":   asJSON,
	"names":      wrapped("name"),
	"nonull":     dictFilter(func(_ string, v any) bool { return v != nil }),
	"notempty":   notEmpty,
	"notfalse":   notFalse,
	"nottrue":    notTrue,
	"object":     objectName,
	"orempty":    orEmpty,
	"param":      param,
	"params":     params,
	"parsed":     parsed,
	"positive":   positive,
	"presence":   presence,
	"protocol":   protocol,
	"queue":      queueName,
	"quoted":     quoted,
	"servers":    dictFilter(serverOption),
	"some":       some,
	"sort":       sortBy(nil),
	"system":     systemScope,
	"text":       asText,
	"textorjson": textOrJSON,
	"texts":      texts,
	"truetext":   trueText,
	"truth":      func(v any) (any, error) { return value.Truth(v), nil },
	"truthy":     dictFilter(func(_ string, v any) bool { return value.Truth(v) }),
	"unique":     unique,
	"unlessdict": unlessDict,
	"unlessuuid": unlessUUID,
	"unquote":    unquote,
	"untrue":     untrue,
	"uuid":       uuidOnly,
}

// namedFilters are those that take names: without:a,b.
var namedFilters = map[string]func(names []string) filter{
	"asid":    asID,
	"ints":    ints,
	"oneof":   oneOf,
	"sort":    sortBy,
	"without": without,
}

// filterNamed returns the filter of that name.
func filterNamed(name string) (filter, bool) {
	if name, list, ok := strings.Cut(name, ":"); ok {
		make, ok := namedFilters[name]
		if !ok {
			return nil, false
		}
		return make(strings.Split(list, ",")), true
	}
	f, ok := filters[name]
	return f, ok
}

// without leaves entries out of a dictionary.
func without(names []string) filter {
	return dictFilter(func(k string, _ any) bool { return !slices.Contains(names, k) })
}

// oneOf passes null and the named values, and refuses any other.
func oneOf(names []string) filter {
	return func(v any) (any, error) {
		if s, ok := v.(string); v == nil || ok && slices.Contains(names, s) {
			return v, nil
		}
		return nil, fmt.Errorf("must be one of %s, not %s", strings.Join(names, ", "), pythonRepr(v))
	}
}

// ints makes integers of these entries of a dictionary.
func ints(names []string) filter {
	return func(v any) (any, error) {
		m, ok := v.(*value.Map)
		if !ok {
			return v, nil
		}
		m = value.Clone(m).(*value.Map)
		for _, name := range names {
			if e, has := m.Get(name); has {
				n, err := pythonInt(e)
				if err != nil || n == nil {
					return nil, fmt.Errorf("has %s, which must be an integer, not %s", name, pythonRepr(e))
				}
				m.Set(name, n)
			}
		}
		return m, nil
	}
}

// asID makes share_type_id of share_type, if that is one of the names.
func asID(names []string) filter {
	return func(v any) (any, error) {
		if s, ok := v.(string); ok && slices.Contains(names, s) {
			return s + "_id", nil
		}
		return v, nil
	}
}

// sortBy makes what cinder sorts by of key[:dir],key[:dir] or a list of such, with these
// keys besides those of every list.
func sortBy(more []string) filter {
	keys := append([]string{"id", "status", "size", "availability_zone", "name", "bootable", "created_at", "reference"}, more...)
	return func(v any) (any, error) {
		if s, ok := v.(string); ok {
			list := []any{}
			for part := range strings.SplitSeq(s, ",") {
				if part != "" {
					list = append(list, part)
				}
			}
			v = list
		}
		list, ok := v.([]any)
		if !ok {
			return nil, fmt.Errorf("must be a text or a list of texts, not %s", value.Kind(v))
		}
		out := make([]string, len(list))
		for i, e := range list {
			s, ok := e.(string)
			key, dir, _ := strings.Cut(s, ":")
			key, trimmed := strings.TrimSpace(key), strings.TrimSpace(dir)
			switch {
			case !ok || !slices.Contains(keys, key):
				return nil, fmt.Errorf("must name %s, not %s", strings.Join(keys, ", "), pythonRepr(e))
			case dir != "" && trimmed != "asc" && trimmed != "desc":
				return nil, fmt.Errorf("must have asc or desc behind a colon, not %s", trimmed)
			case key == "name":
				key = "display_name"
			}
			if out[i] = key; dir != "" {
				out[i] += ":" + trimmed
			}
		}
		return strings.Join(out, ","), nil
	}
}

// toFloat is Python's float of a value.
func toFloat(v any) (any, error) {
	switch v := v.(type) {
	case bool:
		n, err := bit(v)
		return float64(n.(int64)), err
	case int64:
		return float64(v), nil
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		return f, nil
	case string:
		if f, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil {
			return f, nil
		}
	case nil, float64:
		return v, nil
	}
	return nil, fmt.Errorf("must be a number, not %s", pythonRepr(v))
}

// filled leaves out what is null or an empty text; of a dictionary, its entries that are.
func filled(v any) (any, error) {
	keep := func(_ string, e any) bool { return e != nil && e != "" }
	if _, ok := v.(*value.Map); ok {
		return dictFilter(keep)(v)
	}
	if !keep("", v) {
		return nil, nil
	}
	return v, nil
}

// forced passes what says true, of which nothing is sent.
func forced(v any) (any, error) {
	s := strings.ToLower(strings.TrimSpace(pythonStr(v)))
	if v != nil && !slices.Contains([]string{"1", "t", "true", "on", "y", "yes"}, s) {
		return nil, fmt.Errorf("can't be false; leave it out")
	}
	return nil, nil
}

// systemScope is the path of the only scope that a system has.
func systemScope(v any) (any, error) {
	if v != "all" {
		return nil, fmt.Errorf("must be all, not %s", pythonRepr(v))
	}
	return "system", nil
}

// dictFilter keeps the entries of a dictionary that pass.
func dictFilter(keep func(key string, v any) bool) filter {
	return func(v any) (any, error) {
		m, ok := v.(*value.Map)
		if !ok {
			return v, nil
		}
		out := value.NewMap(m.Len())
		for k, e := range m.All() {
			if keep(k, e) {
				out.Set(k, e)
			}
		}
		return out, nil
	}
}

// bit sends a truth as 1 or 0.
func bit(v any) (any, error) {
	if value.Truth(v) {
		return int64(1), nil
	}
	return int64(0), nil
}

// serverOption keeps what nova's client sends of the search options of servers:
// what is true, and these two also where they are not.
func serverOption(key string, v any) bool {
	return value.Truth(v) || key == "locked" && v == false || key == "config_drive"
}

// positive leaves a number out that is not above 0 (a limit of -1 means no limit).
func positive(v any) (any, error) {
	if n, ok := asInt(v); ok && n <= 0 {
		return nil, nil
	}
	return v, nil
}

// presence sends a truth as a query parameter without value.
func presence(v any) (any, error) {
	if value.Truth(v) {
		return "", nil
	}
	return nil, nil
}

// auto sends null for "auto": the service chooses.
func auto(v any) (any, error) {
	if v == "auto" {
		return nil, nil
	}
	return v, nil
}

// ifTrue leaves out what is not true.
func ifTrue(v any) (any, error) {
	if !value.Truth(v) {
		return nil, nil
	}
	return v, nil
}

// falsy sends a truth only if it is not true, as None or False.
func falsy(v any) (any, error) {
	if value.Truth(v) {
		return nil, nil
	}
	return pythonStr(v), nil
}

// untrue sends False for what is not true.
func untrue(v any) (any, error) {
	if value.Truth(v) {
		return nil, nil
	}
	return "False", nil
}

// protocol is that of a type of console.
func protocol(v any) (any, error) {
	types := map[string]string{
		"novnc": "vnc", "xvpvnc": "vnc", "spice-html5": "spice", "rdp-html5": "rdp", "serial": "serial", "webmks": "mks",
	}
	s, _ := v.(string)
	if types[s] == "" {
		return nil, fmt.Errorf("must be one of novnc, xvpvnc, spice-html5, rdp-html5, serial, webmks, not %s", pythonRepr(v))
	}
	return types[s], nil
}

// inherited is what keystone's client sends besides the path for inherited roles.
func inherited(any) (any, error) { return "/inherited_to_projects", nil }

// asBytes sends text as it is and not as JSON.
func asBytes(v any) (any, error) {
	s, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("must be a string, not %s", value.Kind(v))
	}
	return []byte(s), nil
}

// items puts the items of a list into the list around it.
func items(v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return many{}, nil
	case []any:
		return many(v), nil
	default:
		return many{v}, nil
	}
}

// first is a list's first item, or the value itself.
func first(v any) (any, error) {
	list, ok := v.([]any)
	if !ok {
		return v, nil
	}
	if len(list) == 0 {
		return nil, nil
	}
	return list[0], nil
}

// encoded is text in base64.
func encoded(v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return base64.StdEncoding.EncodeToString([]byte(v)), nil
	default:
		return nil, fmt.Errorf("must be a string, not %s", value.Kind(v))
	}
}

// wrapped makes a list of dictionaries of a list of values: [{"id": ...}, ...].
func wrapped(key string) filter {
	return func(v any) (any, error) {
		if v == nil {
			return nil, nil
		}
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		out := make([]any, len(list))
		for i, e := range list {
			out[i] = value.MapOf(key, e)
		}
		return out, nil
	}
}

// orEmpty sends an empty dictionary for null.
func orEmpty(v any) (any, error) {
	if v == nil {
		return value.NewMap(0), nil
	}
	return v, nil
}

// isoDate passes a date as text; a blank between date and time becomes a T.
func isoDate(v any) (any, error) {
	s, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("must be a date as text (2026-01-31T00:00:00), not %s", value.Kind(v))
	}
	return strings.Replace(s, " ", "T", 1), nil
}

// pythonStr is Python's str of a value, which is how the clients put one into a
// query or a path.
func pythonStr(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return pythonRepr(v)
}

func pythonRepr(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return pythonQuote(v)
	case float64:
		return pythonFloat(v)
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = pythonRepr(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case *value.Map:
		parts := make([]string, 0, v.Len())
		for k, e := range v.All() {
			parts = append(parts, pythonQuote(k)+": "+pythonRepr(e))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	default:
		return fmt.Sprint(v) // int64, *big.Int
	}
}

func pythonQuote(s string) string {
	quote := "'"
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = `"`
	}
	r := strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, quote, `\`+quote)
	return quote + r.Replace(s) + quote
}

func pythonFloat(f float64) string {
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if abs := max(f, -f); abs >= 1e-4 && abs < 1e16 || f == 0 {
		s = strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
	}
	return s
}
