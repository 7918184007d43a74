package dsl

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// RenderOptions steer [Render]. The zero value is plain text, 80 columns wide.
type RenderOptions struct {
	// Color asks for ANSI colours.
	Color bool
	// Width is how many columns a line may take; 0 means 80. Less than 40 counts as 40.
	Width int
}

// Render writes findings as a person reads them: place and summary on one line,
// the line of the source with the subject underlined, then cause and advice.
// sources holds the files' texts by name; a finding whose file is not there is
// written without its line.
func Render(w io.Writer, ds Diagnostics, sources map[string][]byte, opts RenderOptions) error {
	if opts.Width == 0 {
		opts.Width = 80
	}
	opts.Width = max(opts.Width, 40)
	p := &printer{w: bufio.NewWriter(w), opts: opts, lines: map[string][]string{}}
	for i := range ds {
		if i > 0 {
			fmt.Fprintln(p.w)
		}
		p.diagnostic(&ds[i], sources)
	}
	return p.w.Flush() // reports any error of the writes before it
}

type printer struct {
	w     *bufio.Writer
	opts  RenderOptions
	lines map[string][]string // of each file
}

const (
	styleBold   = "1"
	styleError  = "1;31"
	styleWarn   = "1;35"
	styleGutter = "34"
	styleHelp   = "36"
)

func (p *printer) style(code, text string) string {
	if !p.opts.Color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p *printer) diagnostic(d *Diagnostic, sources map[string][]byte) {
	severity := styleError
	if d.Severity == Warning {
		severity = styleWarn
	}
	s := d.Subject
	fmt.Fprintf(p.w, "%s %s %s\n",
		p.style(styleBold, fmt.Sprintf("%s:%d:%d:", clean(s.File), s.Start.Line, s.Start.Col)),
		p.style(severity, d.Severity.String()+":"),
		p.style(styleBold, clean(d.Summary))+" ["+d.ID+"]")
	if src, ok := sources[s.File]; ok {
		if _, done := p.lines[s.File]; !done {
			p.lines[s.File] = splitLines(src)
		}
		p.snippet(s, p.lines[s.File], severity)
	}
	p.paragraph("", d.Detail)
	p.paragraph("help: ", d.Advice)
}

// splitLines cuts where the YAML reader counts lines.
func splitLines(src []byte) []string {
	r := strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")
	return strings.Split(r.Replace(string(bytes.TrimPrefix(src, []byte("\uFEFF")))), "\n")
}

// snippet writes the subject's first line and underlines the subject in it.
func (p *printer) snippet(s Span, lines []string, severity string) {
	if s.Start.Line < 1 || s.Start.Line > len(lines) {
		return
	}
	line := []rune(lines[s.Start.Line-1])
	from := min(max(s.Start.Col-1, 0), len(line))
	to := len(line)
	if s.End.Line == s.Start.Line {
		to = min(max(s.End.Col-1, from), len(line))
	}
	for to > from+1 && unicode.IsSpace(line[to-1]) {
		to--
	}
	number := fmt.Sprint(s.Start.Line)
	gutter := strings.Repeat(" ", len(number))
	text, before, width := layOut(line, from, to, p.opts.Width-len(number)-3)
	fmt.Fprintf(p.w, "%s %s\n", p.style(styleGutter, number+" |"), text)
	fmt.Fprintf(p.w, "%s %s%s\n", p.style(styleGutter, gutter+" |"), strings.Repeat(" ", before),
		p.style(severity, strings.Repeat("^", max(width, 1))))
}

const tabStop = 4

// layOut writes a line for a terminal: tabs as blanks, nothing that could steer
// it, no more than width columns. A long line is cut on either side of the runes
// from..to. It returns the columns before those runes and the columns they take.
func layOut(line []rune, from, to, width int) (text string, before, marked int) {
	cells := make([]string, len(line)) // each rune as it is shown
	widths := make([]int, len(line))
	col := 0
	for i, r := range line {
		cells[i], widths[i] = string(r), runewidth.RuneWidth(r)
		switch {
		case r == '\t':
			widths[i] = tabStop - col%tabStop
			cells[i] = strings.Repeat(" ", widths[i])
		case !unicode.IsPrint(r) && !unicode.Is(unicode.Mn, r) && r != '\u200d':
			cells[i], widths[i] = "\u00b7", 1
		}
		col += widths[i]
	}
	first := 0
	if col > width {
		first = cutFrom(widths, from, to, width)
	}
	var b strings.Builder
	col = 0
	if first > 0 {
		b.WriteString("...")
		col = 3
	}
	rest := 0
	for _, w := range widths[first:] {
		rest += w
	}
	for i := first; i < len(line); i++ {
		if col+rest > width && col+widths[i] > width-3 {
			b.WriteString("...")
			break
		}
		if i < from {
			before += widths[i]
		} else if i < to {
			marked += widths[i]
		}
		b.WriteString(cells[i])
		col += widths[i]
		rest -= widths[i]
	}
	if first > 0 {
		before += 3
	}
	return strings.TrimRight(b.String(), " "), before, marked
}

// cutFrom finds the rune at which a line that is too long begins, so that the
// runes from..to, or the first of them, are seen with a third of the width
// before them.
func cutFrom(widths []int, from, to, width int) int {
	col := 0
	for _, w := range widths[:to] {
		col += w
	}
	if col <= width-3 {
		return 0
	}
	first, seen := from, 0
	for first > 0 && seen+widths[first-1] <= width/3 {
		first--
		seen += widths[first]
	}
	return first
}

// paragraph writes text below the snippet, wrapped at the width.
func (p *printer) paragraph(label, text string) {
	if text == "" {
		return
	}
	indent := strings.Repeat(" ", 2+len(label))
	col := 2 + len(label)
	fmt.Fprint(p.w, "  ", p.style(styleHelp, label))
	for i, word := range strings.Fields(clean(text)) {
		n := runewidth.StringWidth(word)
		switch {
		case i == 0:
		case col+1+n > p.opts.Width:
			fmt.Fprint(p.w, "\n", indent)
			col = len(indent)
		default:
			fmt.Fprint(p.w, " ")
			col++
		}
		fmt.Fprint(p.w, word)
		col += n
	}
	fmt.Fprintln(p.w)
}

// clean takes out what could steer a terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '\u00b7'
		}
		return r
	}, s)
}
