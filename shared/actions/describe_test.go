package actions

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/test/golden"
)

var update = flag.Bool("update", false, "write docs/actions anew")

// TestDocs holds docs/actions to the tables; -update writes it.
func TestDocs(t *testing.T) {
	r := newRegistry(t)
	pages := map[string]string{"README.md": indexPage(r)}
	for _, service := range r.Services() {
		pages[service+".md"] = servicePage(t, r, service)
	}
	dir := filepath.Join("..", "..", "docs", "actions")
	for name, want := range pages {
		golden.File(t, filepath.Join(dir, name), want, *update, "go generate ./shared/actions")
	}
}

const generated = "<!-- Generated from shared/actions/tables by go generate ./shared/actions. -->\n\n"

func indexPage(r *Registry) string {
	var b strings.Builder
	b.WriteString(generated + "# Actions\n\nWhat a workflow can call, by service.\n\n| service | actions | |\n|---|---|---|\n")
	total := 0
	for _, service := range r.Services() {
		title, doc := r.ServiceTitle(service)
		n := len(r.ServiceNames(service))
		total += n
		fmt.Fprintf(&b, "| [%s](%s.md) | %d | %s |\n", service, service, n, strings.TrimSpace(title+". "+doc))
	}
	fmt.Fprintf(&b, "| | %d | |\n", total)
	b.WriteString(`
Every action but those of std also takes where it goes:

| parameter | |
|---|---|
| action_region, region | the region; action_region goes first |
| cloud | a configured cloud, by its name |
| auth_url | a Keystone, as far as the policy allows it |
| interface | public, internal or admin |
| microversion | of the service, as text ("2.60"); else the one that the table is written against, or an older cloud's newest |

An action that has a parameter of that name itself (keystone's region, say) keeps
it; the region is then named by action_region.

Lists are followed to their end, whatever the size of the service's pages, unless
a limit is given. A list is a list, one resource a dictionary, an empty answer
null; neutron's answers come whole, as neutron's client gives them. A create gives
the resource with all its fields.
`)
	return b.String()
}

func servicePage(t *testing.T, r *Registry, service string) string {
	var b strings.Builder
	title, doc := r.ServiceTitle(service)
	names := r.ServiceNames(service)
	fmt.Fprintf(&b, "%s# %s\n\n", generated, title)
	if doc != "" {
		b.WriteString(doc + "\n\n")
	}
	fmt.Fprintf(&b, "%d actions.\n", len(names))
	for _, name := range names {
		a, err := r.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("\n" + a.Markdown())
	}
	return b.String()
}

func ExampleAction_Signature() {
	r, _ := NewRegistry()
	a, _ := r.Find("nova.servers_reboot")
	fmt.Println(a.Signature())
	// Output: server, reboot_type="SOFT"
}
