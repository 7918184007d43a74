package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

type actionCmd struct {
	List actionListCmd `cmd:"" help:"List the actions."`
	Show actionShowCmd `cmd:"" help:"Show an action's parameters."`
	Run  actionRunCmd  `cmd:"" help:"Run one action."`
}

type actionListCmd struct {
	Service string `arg:"" optional:"" help:"Only those of this service (nova, std, ...)."`
	JSON    bool   `name:"json" help:"Print one JSON document."`
}

// Run lists actions.
func (c *actionListCmd) Run(a *app) error {
	registry, err := actions.NewRegistry()
	if err != nil {
		return err
	}
	names := registry.Names()
	if c.Service != "" {
		if names = registry.ServiceNames(c.Service); len(names) == 0 {
			return usage("there is no service %q; there are %s", c.Service, strings.Join(registry.Services(), ", "))
		}
	}
	if c.JSON {
		return a.printJSON(value.Of(names))
	}
	t := newTable("ACTION", "DESCRIPTION")
	for _, n := range names {
		action, _ := registry.Lookup(n)
		t.row(n, firstSentence(action.Doc))
	}
	return t.print(a.out)
}

func firstSentence(s string) string {
	first, _, _ := strings.Cut(s, ". ")
	return strings.TrimSuffix(first, ".")
}

type actionShowCmd struct {
	Name string `arg:"" help:"The action, nova.servers_list for example."`
	JSON bool   `name:"json" help:"Print one JSON document."`
}

// Run shows an action.
func (c *actionShowCmd) Run(a *app) error {
	registry, err := actions.NewRegistry()
	if err != nil {
		return err
	}
	action, err := registry.Find(c.Name)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if c.JSON {
		return a.printJSON(describe(action))
	}
	fmt.Fprintf(a.out, "%s\n  %s\n", action.Name, action.Doc)
	if action.Request != "" {
		fmt.Fprintf(a.out, "  %s\n", action.Request)
	}
	fmt.Fprintln(a.out)
	t := newTable("PARAMETER", "TYPE", "DEFAULT", "DESCRIPTION")
	for _, p := range action.Params {
		def := "required"
		if !p.Required {
			def = expr.Repr(p.Default)
		}
		t.row(p.Name, p.Type, def, p.Doc)
	}
	if err := t.print(a.out); err != nil {
		return err
	}
	if action.VarKW {
		fmt.Fprintln(a.out, "\nAny other parameter is passed on as it is.")
	}
	if action.IsOpenStack() {
		fmt.Fprintf(a.out, "\nWhere it goes: %s\n", strings.Join(actions.TargetParams(), ", "))
	}
	return nil
}

func describe(action *actions.Action) *value.Map {
	params := make([]any, len(action.Params))
	for i, p := range action.Params {
		m := value.MapOf("name", p.Name, "type", p.Type, "required", p.Required, "description", p.Doc)
		if !p.Required {
			m.Set("default", p.Default)
		}
		params[i] = m
	}
	m := value.MapOf("name", action.Name, "service", action.Service, "description", action.Doc, "request", action.Request,
		"read_only", action.ReadOnly, "any_parameter", action.VarKW, "parameters", params)
	if action.IsOpenStack() {
		m.Set("target_parameters", value.Of(actions.TargetParams()))
	}
	return m
}

type actionRunCmd struct {
	Name  string   `arg:"" help:"The action, nova.servers_list for example."`
	Input string   `help:"Arguments as a JSON object, or @FILE with one (@- is standard input)." placeholder:"JSON|@FILE"`
	Set   []string `short:"i" name:"set" sep:"none" help:"One argument, KEY=VALUE; the value is JSON, or else text (repeatable)." placeholder:"KEY=VALUE"`
	JSON  bool     `name:"json" help:"Print one JSON document."`
	storeFlag
	targetFlags
}

// Run runs an action against one target.
func (c *actionRunCmd) Run(ctx context.Context, a *app) (err error) {
	input, err := a.input(c.Input, c.Set)
	if err != nil {
		return err
	}
	clouds, err := c.clouds()
	if err != nil {
		return err
	}
	var table store.Table
	if c.Credential != "" {
		local, openErr := c.open(ctx)
		if openErr != nil {
			return openErr
		}
		defer closing(local, &err)
		table = local
	}
	_, runner, _, err := c.runner(clouds, table)
	if err != nil {
		return err
	}
	out, err := runner.Run(ctx, actions.Call{Action: c.Name, Input: input, Target: c.request(clouds)})
	var notFound actions.ActionNotFound
	var invalid actions.InvalidInput
	var target openstack.InvalidInput
	if errors.As(err, &notFound) || errors.As(err, &invalid) || errors.As(err, &target) {
		return &exitError{exitUsage, err}
	}
	if err != nil {
		return err
	}
	if !c.JSON {
		return a.printResult(out.Result)
	}
	doc := value.MapOf("result", out.Result)
	if out.Target.AuthURL != "" {
		doc.Set("region", out.Target.Region)
		doc.Set("auth_url", out.Target.AuthURL)
	}
	return a.printJSON(doc)
}
