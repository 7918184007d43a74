package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/dsl/spell"
)

// comment is what silences warnings in a file: "# sirocco: ignore=id,id" on the
// line of the warning or on lines of its own right above.
var comment = regexp.MustCompile(`(?:^|[ \t])#[ \t]*sirocco:[ \t]*ignore=([\w-]+(?:[ \t]*,[ \t]*[\w-]+)*)`)

// Silence drops the warnings that are not wanted: those with an id of ignore,
// and those that a comment of their file silences. Errors stay. sources are the
// files' texts. An id in a comment that no warning has is a warning itself.
func Silence(ds dsl.Diagnostics, sources map[string][]byte, ignore []string) dsl.Diagnostics {
	silenced := map[string]map[int][]string{}
	all := slices.Clone(ds)
	for file, src := range sources {
		lines, unknown := comments(file, string(src))
		silenced[file] = lines
		all = append(all, unknown...)
	}
	all = slices.DeleteFunc(all, func(d dsl.Diagnostic) bool {
		if d.Severity != dsl.Warning {
			return false
		}
		if slices.Contains(ignore, d.ID) {
			return true
		}
		lines := silenced[d.Subject.File]
		return slices.Contains(lines[d.Subject.Start.Line], d.ID) ||
			d.Context != nil && slices.Contains(lines[d.Context.Start.Line], d.ID)
	})
	all.Sort()
	return all
}

// Unknown returns those of the ids that no warning has.
func Unknown(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), isWarning)
}

func isWarning(id string) bool {
	return slices.ContainsFunc(Kinds(), func(k Kind) bool { return k.ID == id && k.Warning })
}

// Suggest returns the id of a warning that is like id, or "".
func Suggest(id string) string {
	var known []string
	for _, k := range Kinds() {
		if k.Warning {
			known = append(known, k.ID)
		}
	}
	return spell.Nearest(id, known)
}

// comments finds the ids that each line is silenced for.
func comments(file, src string) (map[int][]string, dsl.Diagnostics) {
	lines := map[int][]string{}
	if !strings.Contains(src, "sirocco:") {
		return lines, nil
	}
	var unknown dsl.Diagnostics
	var above []string // ids of the comment lines right above
	number, start := 0, 0
	for line := range strings.Lines(src) {
		number++
		var ids []string
		if m := comment.FindStringSubmatchIndex(line); m != nil {
			for id := range strings.SplitSeq(line[m[2]:m[3]], ",") {
				id = strings.TrimSpace(id)
				ids = append(ids, id)
				if !isWarning(id) {
					unknown = append(unknown, unknownID(file, id, line, dsl.Pos{Line: number, Offset: start}, m[2]))
				}
			}
		}
		start += len(line)
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			above = append(above, ids...)
			continue
		}
		if ids = append(ids, above...); len(ids) > 0 {
			lines[number] = ids
		}
		above = nil
	}
	return lines, unknown
}

// unknownID reports an id that stands in line behind offset from.
func unknownID(file, id, line string, begin dsl.Pos, from int) dsl.Diagnostic {
	at := from + strings.Index(line[from:], id)
	pos := func(off int) dsl.Pos {
		return dsl.Pos{Line: begin.Line, Col: utf8.RuneCountInString(line[:off]) + 1, Offset: begin.Offset + off}
	}
	advice := ""
	if s := Suggest(id); s != "" {
		advice = fmt.Sprintf("did you mean %q?", s)
	}
	return dsl.Diagnostic{
		ID: "unknown-ignore", Severity: dsl.Warning, Summary: fmt.Sprintf("there is no warning %q to ignore", id), Advice: advice,
		Subject: dsl.Span{File: file, Start: pos(at), End: pos(at + len(id))},
	}
}
