package main

import (
	"fmt"
	"strconv"

	"github.com/sirocco-workflows/sirocco/shared/compile"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// printReports shows what workflows become and what a run of them costs.
func (a *app) printReports(all []*compile.Workflow, asJSON bool) error {
	list := make([]any, len(all))
	for i, w := range all {
		r, err := w.Report()
		if err != nil {
			return err
		}
		if list[i] = reportValue(r); asJSON {
			continue
		}
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		if err := a.printReport(r); err != nil {
			return err
		}
	}
	if asJSON {
		return a.printJSON(value.MapOf("workflows", list))
	}
	return nil
}

func (a *app) printReport(r compile.Report) error {
	fmt.Fprintf(a.out, "%s: %s form, %s, %.1f KB; straight path: %s\n\n",
		oneLine(r.Workflow), r.Form, count(r.States, "state"), float64(r.Bytes)/1024, transitions(r.Transitions, r.PerItem, false))
	t := newTable("TASK", "KIND", "BRANCH OF", "TRANSITIONS")
	for _, task := range r.Tasks {
		t.row(task.Name, task.Kind, task.Within, transitions(task.Transitions, task.PerItem, task.Choice))
	}
	return t.print(a.out)
}

// transitions is how a number of transitions is shown: "4 + 1 an item + choice".
func transitions(n, perItem int, choice bool) string {
	s := strconv.Itoa(n)
	if perItem > 0 {
		s += fmt.Sprintf(" + %d an item", perItem)
	}
	if choice {
		s += " + choice"
	}
	return s
}

func reportValue(r compile.Report) *value.Map {
	tasks := make([]any, len(r.Tasks))
	for i, t := range r.Tasks {
		m := value.MapOf("name", t.Name, "kind", t.Kind, "branch_of", nil,
			"transitions", t.Transitions, "transitions_per_item", t.PerItem, "choice", t.Choice)
		if t.Within != "" {
			m.Set("branch_of", t.Within)
		}
		tasks[i] = m
	}
	return value.MapOf("workflow", r.Workflow, "form", r.Form, "states", r.States, "bytes", r.Bytes,
		"transitions", r.Transitions, "transitions_per_item", r.PerItem, "tasks", tasks)
}
