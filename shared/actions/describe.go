package actions

import (
	"fmt"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

//go:generate go test -run TestDocs -update .

// Signature is the action's parameters on one line as Mistral shows them:
// required ones by name, others with their default, ** for a catch-all.
func (a *Action) Signature() string {
	parts := make([]string, 0, len(a.Params)+1)
	for _, p := range a.Params {
		part := p.Name
		if p.HasDefault {
			part += "=" + p.defaultText()
		}
		parts = append(parts, part)
	}
	if a.VarKW {
		parts = append(parts, "**"+a.spec.varkw)
	}
	return strings.Join(parts, ", ")
}

// defaultText is a parameter's default as JSON.
func (p Param) defaultText() string {
	text, err := value.Encode(p.Default)
	if err != nil {
		return "null"
	}
	return string(text)
}

// ServiceTitle returns how people call a service of the catalog: its title and,
// if the table has one, a sentence about it.
func (r *Registry) ServiceTitle(service string) (title, doc string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, err := r.table(service)
	if err != nil {
		return service, ""
	}
	return t.facts.Title, t.facts.Doc
}

// Markdown documents the action: a heading, what it does, what it sends, its
// parameters.
func (a *Action) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n%s", a.Name, a.Doc)
	if a.ReadOnly {
		b.WriteString(" *Read-only.*")
	}
	b.WriteString("\n")
	if a.Request != "" {
		fmt.Fprintf(&b, "\n`%s`\n", a.Request)
	}
	if len(a.Params) == 0 && !a.VarKW {
		return b.String()
	}
	b.WriteString("\n| parameter | type | default | |\n|---|---|---|---|\n")
	for _, p := range a.Params {
		def := "required"
		if p.HasDefault {
			def = "`" + p.defaultText() + "`"
		}
		doc := p.Doc
		if p.Secret {
			doc = strings.TrimSpace("secret; " + doc)
			doc = strings.TrimSuffix(doc, ";")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", p.Name, p.Type, def, cell(doc))
	}
	if a.VarKW {
		fmt.Fprintf(&b, "| any other | any | | %s |\n", cell(a.VarKWDoc))
	}
	return b.String()
}

// cell is text for a cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
