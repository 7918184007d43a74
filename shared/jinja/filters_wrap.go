package jinja

import (
	"regexp"
	"strings"
	"unicode"
)

func addWrapFilters(add addFilter) {
	add("indent", "s width? first? blank?", indentFilter)
	add("truncate", "s length? killwords? end? leeway?", truncateFilter)
	add("wordwrap", "s width? break_long_words? wrapstring? break_on_hyphens?", wordWrapFilter)
}

func indentFilter(st *state, a []any) (any, error) {
	if err := defined(a[0]); err != nil {
		return nil, err
	}
	s, ok := textOf(a[0])
	if isList(a[0]) {
		return nil, failf(kindAttribute, "'list' object has no attribute 'splitlines'")
	} else if !ok {
		return nil, unsupported("+=", a[0], "")
	}
	width := or(a[1], int64(4))
	indent, ok := textOf(width)
	if !ok {
		n, err := index(width)
		if err != nil {
			return nil, err
		}
		if err := st.grow(max(n, 0)); err != nil {
			return nil, err
		}
		indent = strings.Repeat(" ", max(n, 0))
	}
	first, err := st.flag(a[2], false)
	if err != nil {
		return nil, err
	}
	blank, err := st.flag(a[3], false)
	if err != nil {
		return nil, err
	}
	lines := splitLines(s+"\n", false)
	if err := st.grow(len(s) + len(lines)*(len(indent)+1)); err != nil {
		return nil, err
	}
	for i, line := range lines {
		if blank && i > 0 || i > 0 && line != "" {
			lines[i] = indent + line
		}
	}
	out := strings.Join(lines, "\n")
	if first {
		out = indent + out
	}
	return wrapText(out, isMarkup(a[0])), nil
}

func truncateFilter(st *state, a []any) (any, error) {
	length, err := indexOr(a[1], 255)
	if err != nil {
		return nil, err
	}
	end, err := needText(or(a[3], "..."))
	if err != nil {
		return nil, err
	}
	leeway := 5
	if v := or(a[4], nil); v != nil {
		if leeway, err = index(v); err != nil {
			return nil, err
		}
	}
	if length < runeLen(end) {
		return nil, failf("AssertionError", "expected length >= %d, got %d", runeLen(end), length)
	}
	if leeway < 0 {
		return nil, failf("AssertionError", "expected leeway >= 0, got %d", leeway)
	}
	n, err := st.length(a[0])
	if err != nil || n <= length+leeway {
		return a[0], err
	}
	s, ok := textOf(a[0])
	if !ok {
		return nil, typeErrorf("'%s' object can not be truncated", typeName(a[0]))
	}
	kill, err := st.flag(a[2], false)
	if err != nil {
		return nil, err
	}
	cut := substr(s, 0, length-runeLen(end))
	if i := strings.LastIndexByte(cut, ' '); i >= 0 && !kill {
		cut = cut[:i]
	}
	return wrapText(cut+end, isMarkup(a[0])), nil
}

func wordWrapFilter(st *state, a []any) (any, error) {
	if err := defined(a[0]); err != nil {
		return nil, err
	}
	s, ok := textOf(a[0])
	if !ok {
		return nil, failf(kindAttribute, "'%s' object has no attribute 'splitlines'", typeName(a[0]))
	}
	w := wrapper{}
	var err error
	if w.width, err = indexOr(a[1], 79); err != nil {
		return nil, err
	}
	if w.breakWords, err = st.flag(a[2], true); err != nil {
		return nil, err
	}
	if w.hyphens, err = st.flag(a[4], true); err != nil {
		return nil, err
	}
	sep := "\n"
	if v := or(a[3], nil); v != nil {
		if sep, err = needText(v); err != nil {
			return nil, err
		}
	}
	var lines []string
	for _, line := range splitLines(s, false) {
		if w.width <= 0 {
			return nil, valueErrorf("invalid width %d (must be > 0)", w.width)
		}
		if err := st.work(len(line)); err != nil {
			return nil, err
		}
		lines = append(lines, strings.Join(w.wrap(line), sep))
	}
	out := strings.Join(lines, sep)
	return out, st.grow(len(out) + len(lines)*len(sep))
}

// wrapper breaks a line as Python's textwrap does.
type wrapper struct {
	width               int
	breakWords, hyphens bool
}

const textSpaces = "\t\n\x0b\x0c\r "

func (w *wrapper) wrap(text string) []string {
	chunks := w.split(text)
	var lines []string
	for len(chunks) > 0 {
		var line []string
		n := 0
		if len(lines) > 0 && strings.Trim(chunks[0], textSpaces) == "" {
			chunks = chunks[1:]
		}
		for len(chunks) > 0 && !longer(chunks[0], w.width-n) {
			line = append(line, chunks[0])
			n += runeLen(chunks[0])
			chunks = chunks[1:]
		}
		if len(chunks) > 0 && longer(chunks[0], w.width) {
			line, chunks = w.long(line, chunks, n)
		}
		if len(line) > 0 && strings.Trim(line[len(line)-1], textSpaces) == "" {
			line = line[:len(line)-1]
		}
		if len(line) > 0 {
			lines = append(lines, strings.Join(line, ""))
		}
	}
	return lines
}

// long handles a word that is longer than a line. What fits of it behind n
// characters may be nothing: the empty piece then hides blanks before it from
// being dropped, as in textwrap.
func (w *wrapper) long(line, chunks []string, n int) ([]string, []string) {
	if !w.breakWords {
		if len(line) == 0 {
			return append(line, chunks[0]), chunks[1:]
		}
		return line, chunks
	}
	end := w.width - n
	if w.hyphens {
		if hyphen := strings.LastIndexByte(prefix(chunks[0], end), '-'); hyphen > 0 && strings.Trim(chunks[0][:hyphen], "-") != "" {
			end = runeLen(chunks[0][:hyphen]) + 1
		}
	}
	head := prefix(chunks[0], end)
	chunks[0] = chunks[0][len(head):]
	return append(line, head), chunks
}

// longer says whether s has more than n characters.
func longer(s string, n int) bool {
	return len(s) > n && (len(s) > 4*n || runeLen(s) > n)
}

// prefix gives the first n characters of s.
func prefix(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

var blankRun = regexp.MustCompile(`[\t\n\v\f\r ]+`)

// split cuts a line into words and blanks; words with hyphens are cut behind
// these where a line may break.
func (w *wrapper) split(text string) []string {
	var chunks []string
	add := func(s string) {
		if s != "" {
			chunks = append(chunks, s)
		}
	}
	pos := 0
	for _, at := range blankRun.FindAllStringIndex(text, -1) {
		w.word(text[pos:at[0]], add)
		add(text[at[0]:at[1]])
		pos = at[1]
	}
	w.word(text[pos:], add)
	return chunks
}

func (w *wrapper) word(s string, add func(string)) {
	if !w.hyphens {
		add(s)
		return
	}
	r := []rune(s)
	from := 0
	letter := func(i int) bool { return i >= 0 && i < len(r) && (unicode.IsLetter(r[i])) }
	wordPunct := func(i int) bool {
		return i >= 0 && i < len(r) && (r[i] == '_' || isAlnum(r[i]) || strings.ContainsRune(`!"'&.,?`, r[i]))
	}
	for i := 0; i < len(r); i++ {
		if r[i] != '-' {
			continue
		}
		run := i
		for run < len(r) && r[run] == '-' {
			run++
		}
		switch {
		case run-i >= 2 && wordPunct(i-1) && run < len(r) && (r[run] == '_' || isAlnum(r[run])):
			// an em-dash stands for itself
			add(string(r[from:i]))
			add(string(r[i:run]))
			from = run
		case run-i == 1 && letter(i-1) && letter(i-2) && letter(i+1) && (letter(i+2) || i+2 < len(r) && r[i+2] == '-'):
			add(string(r[from : i+1]))
			from = i + 1
		}
		i = run - 1
	}
	add(string(r[from:]))
}
