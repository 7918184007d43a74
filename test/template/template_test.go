// Package template holds template.yaml to the code that it deploys: functions,
// environment, table, placeholders of the definitions, rights.
package template

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/sirocco-workflows/sirocco/shared/function"
	"github.com/sirocco-workflows/sirocco/shared/store"
)

const repo = "../.."

func load(t *testing.T) *yaml.Node {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repo, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Content[0]
}

// get follows keys through mappings; nil if one is not there.
func get(n *yaml.Node, path ...string) *yaml.Node {
	for _, key := range path {
		if n == nil || n.Kind != yaml.MappingNode {
			return nil
		}
		var next *yaml.Node
		for i := 0; i < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				next = n.Content[i+1]
			}
		}
		n = next
	}
	return n
}

func keys(n *yaml.Node) []string {
	var out []string
	if n != nil && n.Kind == yaml.MappingNode {
		for i := 0; i < len(n.Content); i += 2 {
			out = append(out, n.Content[i].Value)
		}
	}
	return out
}

func text(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	return n.Value
}

// resources returns the resources of a type by logical id.
func resources(doc *yaml.Node, kind string) map[string]*yaml.Node {
	out := map[string]*yaml.Node{}
	all := get(doc, "Resources")
	for _, id := range keys(all) {
		if r := get(all, id); text(get(r, "Type")) == kind {
			out[id] = r
		}
	}
	return out
}

func TestFunctions(t *testing.T) {
	doc := load(t)
	functions := resources(doc, "AWS::Serverless::Function")
	dirs, err := filepath.Glob(filepath.Join(repo, "functions", "*", "main.go"))
	if err != nil || len(dirs) == 0 {
		t.Fatal("no functions", err)
	}
	folders := map[string]bool{}
	for _, d := range dirs {
		name := filepath.Base(filepath.Dir(d))
		folders["functions/"+name] = true
		id := functionID(name) + "Function"
		if functions[id] == nil {
			t.Errorf("the folder functions/%s has no resource %s", name, id)
		}
	}
	for id, f := range functions {
		uri := text(get(f, "Properties", "CodeUri"))
		if !folders[uri] {
			t.Errorf("%s: CodeUri %q is no function's folder", id, uri)
		}
		if got := text(get(f, "Metadata", "BuildMethod")); got != "go1.x" {
			t.Errorf("%s: BuildMethod %q", id, got)
		}
		log := text(get(f, "Properties", "LoggingConfig", "LogGroup"))
		if get(doc, "Resources", log, "Properties", "RetentionInDays") == nil {
			t.Errorf("%s: log group %q has no retention", id, log)
		}
		if get(f, "Properties", "Policies") == nil {
			t.Errorf("%s has no policies", id)
		}
	}
	globals := get(doc, "Globals", "Function")
	if text(get(globals, "Runtime")) != "provided.al2023" || text(get(globals, "Handler")) != "bootstrap" || text(get(globals, "Tracing")) != "Active" {
		t.Error("runtime, handler or tracing is not as it should be")
	}
}

func TestEnvironment(t *testing.T) {
	env := get(load(t), "Globals", "Function", "Environment", "Variables")
	got := keys(env)
	want := function.Variables()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("environment of the template: %v\nknown to the functions: %v", got, want)
	}
}

func TestTable(t *testing.T) {
	s := store.Schema()
	table := get(load(t), "Resources", "Table", "Properties")
	if got := text(get(table, "BillingMode")); got != s.BillingMode {
		t.Errorf("BillingMode %s, the schema has %s", got, s.BillingMode)
	}
	if got, want := keySchema(get(table, "KeySchema")), []string{s.PartitionKey + " HASH", s.SortKey + " RANGE"}; !slices.Equal(got, want) {
		t.Errorf("keys %v, the schema has %v", got, want)
	}
	index := get(table, "GlobalSecondaryIndexes")
	if index == nil || len(index.Content) != 1 {
		t.Fatal("not one index")
	}
	one := index.Content[0]
	if got := text(get(one, "IndexName")); got != s.IndexName {
		t.Errorf("index %s, the schema has %s", got, s.IndexName)
	}
	if got, want := keySchema(get(one, "KeySchema")), []string{s.IndexPK + " HASH", s.IndexSK + " RANGE"}; !slices.Equal(got, want) {
		t.Errorf("keys of the index %v, the schema has %v", got, want)
	}
	if got := text(get(one, "Projection", "ProjectionType")); got != "KEYS_ONLY" {
		t.Errorf("projection %s", got)
	}
	if got := text(get(table, "TimeToLiveSpecification", "AttributeName")); got != s.TTL {
		t.Errorf("time to live in %q, the schema has %q", got, s.TTL)
	}
	var defined []string
	for _, a := range get(table, "AttributeDefinitions").Content {
		defined = append(defined, text(get(a, "AttributeName"))+" "+text(get(a, "AttributeType")))
	}
	want := []string{s.PartitionKey + " S", s.SortKey + " S", s.IndexPK + " S", s.IndexSK + " S"}
	slices.Sort(defined)
	slices.Sort(want)
	if !slices.Equal(defined, want) {
		t.Errorf("attributes %v, the schema has %v", defined, want)
	}
}

func keySchema(n *yaml.Node) []string {
	var out []string
	if n != nil {
		for _, k := range n.Content {
			out = append(out, text(get(k, "AttributeName"))+" "+text(get(k, "KeyType")))
		}
	}
	return out
}

var placeholder = regexp.MustCompile(`\$\{([A-Za-z0-9]+)\}`)

// TestDefinitions: each definition is deployed, each of its placeholders is
// substituted, and the state machine may call exactly what stands there.
func TestDefinitions(t *testing.T) {
	doc := load(t)
	deployed := map[string]bool{}
	for id, m := range resources(doc, "AWS::Serverless::StateMachine") {
		uri := text(get(m, "Properties", "DefinitionUri"))
		deployed[uri] = true
		definition, err := os.ReadFile(filepath.Join(repo, uri))
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		needs := map[string]bool{}
		for _, match := range placeholder.FindAllSubmatch(definition, -1) {
			needs[string(match[1])] = true
		}
		if len(needs) == 0 {
			t.Errorf("%s: no placeholders in %s", id, uri)
		}
		substitutions := get(m, "Properties", "DefinitionSubstitutions")
		rights := strings.Join(scalars(get(m, "Properties", "Policies")), "\n") + "\n"
		for name := range needs {
			sub := get(substitutions, name)
			if sub == nil {
				t.Errorf("%s: ${%s} of %s is not substituted", id, name, uri)
				continue
			}
			if !strings.Contains(rights, name) {
				t.Errorf("%s may not call %s", id, name)
			}
		}
		for _, name := range keys(substitutions) {
			if !needs[name] {
				t.Errorf("%s: %s has no ${%s}", id, uri, name)
			}
		}
		if text(get(m, "Properties", "Logging", "IncludeExecutionData")) != "false" {
			t.Errorf("%s logs its data", id)
		}
	}
	files, _ := filepath.Glob(filepath.Join(repo, "statemachines", "*.asl.json"))
	if len(files) == 0 {
		t.Fatal("no definitions")
	}
	for _, f := range files {
		if uri := "statemachines/" + filepath.Base(f); !deployed[uri] {
			t.Errorf("%s is not deployed", uri)
		}
	}
}

// scalars returns all scalar values below a node.
func scalars(n *yaml.Node) []string {
	if n == nil {
		return nil
	}
	if n.Kind == yaml.ScalarNode {
		return []string{n.Value}
	}
	var out []string
	for _, c := range n.Content {
		out = append(out, scalars(c)...)
	}
	return out
}

// TestRightsAreNarrow: no statement is about everything, but for those whose
// action AWS offers in no other way.
func TestRightsAreNarrow(t *testing.T) {
	checked := 0
	var walk func(where string, n *yaml.Node)
	walk = func(where string, n *yaml.Node) {
		if n.Kind == yaml.MappingNode && get(n, "Effect") != nil {
			checked++
			checkStatement(t, where, n)
		}
		for i, c := range n.Content {
			if n.Kind == yaml.MappingNode && i%2 == 1 && len(strings.Split(where, "/")) < 2 {
				walk(where+"/"+n.Content[i-1].Value, c)
				continue
			}
			walk(where, c)
		}
	}
	walk("", get(load(t), "Resources"))
	if checked < 8 {
		t.Errorf("only %d statements found", checked)
	}
}

func checkStatement(t *testing.T, where string, s *yaml.Node) {
	t.Helper()
	if where == "/CredentialsKey" {
		return // the policy of the key itself: "*" is this key, and its principal the account
	}
	for _, action := range scalars(get(s, "Action")) {
		if strings.Contains(action, "*") {
			t.Errorf("%s: action %s", where, action)
		}
	}
	everything := slices.Contains(scalars(get(s, "Resource")), "*")
	logs := true
	for _, action := range scalars(get(s, "Action")) {
		logs = logs && strings.HasPrefix(action, "logs:")
	}
	if everything && !logs {
		t.Errorf("%s: a statement about everything", where)
	}
	if get(s, "Resource") == nil {
		t.Errorf("%s: a statement without a resource", where)
	}
}

// TestParameters: what samconfig.toml sets exists.
func TestParameters(t *testing.T) {
	known := keys(get(load(t), "Parameters"))
	config, err := os.ReadFile(filepath.Join(repo, "samconfig.toml"))
	if err != nil {
		t.Fatal(err)
	}
	overrides := regexp.MustCompile(`(?m)^parameter_overrides = "(.*)"$`).FindAllSubmatch(config, -1)
	if len(overrides) == 0 {
		t.Fatal("no parameter_overrides")
	}
	for _, match := range overrides {
		for pair := range strings.FieldsSeq(string(match[1])) {
			if name, _, _ := strings.Cut(pair, "="); !slices.Contains(known, name) {
				t.Errorf("samconfig.toml sets %s, which the template does not have", name)
			}
		}
	}
	for _, env := range []string{"default", "local", "prod"} {
		if !strings.Contains(string(config), "["+env+".global.parameters]") {
			t.Errorf("samconfig.toml has no environment %s", env)
		}
	}
}
