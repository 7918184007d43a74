package openstack

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v4"
)

// dict is a mapping of clouds.yaml. Its values are dict, []any, string, bool or
// nil; a number stays the text that it was written as, since no setting is one.
type dict map[string]any

const (
	maxYAML      = 4 << 20 // bytes of one file
	maxYAMLNodes = 200_000 // values visited, aliases counted each time
	maxYAMLDepth = 100
)

// parseYAML reads one YAML document that is a mapping; nil if it is empty.
// Errors never quote the text, which holds passwords.
func parseYAML(text []byte) (dict, error) {
	if len(text) > maxYAML {
		return nil, errors.New("the file is larger than 4 MiB")
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, yamlError(err)
	}
	if root.Kind == 0 {
		return nil, nil
	}
	r := yamlReader{left: maxYAMLNodes}
	v, err := r.read(&root, 0)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case nil:
		return nil, nil
	case dict:
		return v, nil
	default:
		return nil, errors.New("the file is no mapping")
	}
}

// yamlError keeps the place of a syntax error and drops its text.
func yamlError(err error) error {
	var line int
	if _, scan := fmt.Sscanf(err.Error(), "yaml: line %d:", &line); scan == nil {
		return fmt.Errorf("line %d is no valid YAML", line)
	}
	return errors.New("the file is no valid YAML")
}

type yamlReader struct{ left int }

func (r *yamlReader) read(n *yaml.Node, depth int) (any, error) {
	if r.left--; r.left < 0 {
		return nil, errors.New("the file has too many values")
	}
	if depth > maxYAMLDepth {
		return nil, fmt.Errorf("line %d: nested too deep", n.Line)
	}
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) == 0 {
			return nil, nil
		}
		return r.read(n.Content[0], depth+1)
	case yaml.AliasNode:
		return r.read(n.Alias, depth+1)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, e := range n.Content {
			v, err := r.read(e, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.MappingNode:
		return r.mapping(n, depth)
	default:
		return scalar(n), nil
	}
}

// mapping reads a mapping; `<<` merges others in below its own keys.
func (r *yamlReader) mapping(n *yaml.Node, depth int) (any, error) {
	own, merged := dict{}, dict{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		for key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("line %d: a key that is no text", key.Line)
		}
		v, err := r.read(n.Content[i+1], depth+1)
		if err != nil {
			return nil, err
		}
		if key.Value != "<<" || key.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
			own[key.Value] = v
			continue
		}
		sources, ok := v.([]any)
		if !ok {
			sources = []any{v}
		}
		for _, s := range sources {
			d, ok := s.(dict)
			if !ok {
				return nil, fmt.Errorf("line %d: << takes mappings", key.Line)
			}
			for k, v := range d {
				if _, has := merged[k]; !has {
					merged[k] = v
				}
			}
		}
	}
	for k, v := range own {
		merged[k] = v
	}
	return merged, nil
}

func scalar(n *yaml.Node) any {
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return n.Value
	}
	switch n.Value {
	case "", "~", "null", "Null", "NULL":
		return nil
	case "true", "True", "TRUE":
		return true
	case "false", "False", "FALSE":
		return false
	default:
		return n.Value
	}
}

// mergeDeep lays over onto base: mappings are merged, all else is replaced.
func mergeDeep(base, over dict) dict {
	out := make(dict, len(base)+len(over))
	for k, v := range base {
		out[k] = v
	}
	for k, v := range over {
		under, ok := out[k].(dict)
		if d, isDict := v.(dict); ok && isDict {
			v = mergeDeep(under, d)
		}
		out[k] = v
	}
	return out
}
