package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// An execution has parameters besides its input: execution().params. A start
// names them by themselves, or, of a sub-workflow and of a state machine that was
// started directly, among the input: there, a name that the workflow does not
// declare is a parameter. These have a meaning:
//
//	task_name      the task that a reverse workflow is to reach
//	env            the environment; a sub-workflow's expressions see its root's
//	               all the same, and its own is for its actions' defaults
//	evaluate_env   false: the environment's expressions stay as they are
//
// Any other is kept and shown.
const (
	paramTask     = "task_name"
	paramEnv      = "env"
	paramEvaluate = "evaluate_env"
)

// bookkeeping are the parameters that the engine itself sets.
var bookkeeping = []string{"root_execution_id", "task_execution_id", "index", "namespace"}

// startParams makes an execution's parameters. extra are those that stood among
// the input.
func startParams(ctx context.Context, req StartRequest, extra *value.Map) (*value.Map, error) {
	params := value.NewMap(4)
	if req.ParentTask != "" {
		params.Set("root_execution_id", req.Root)
		params.Set("task_execution_id", req.ParentTask)
		params.Set("index", int64(req.Index))
	}
	params.Set("namespace", "")
	for k, v := range overlay(req.Params, extra).All() {
		if !slices.Contains(bookkeeping, k) {
			params.Set(k, v)
		}
	}
	if req.Task != "" {
		params.Set(paramTask, req.Task)
	}
	if req.ParentTask == "" && req.Env.Len() > 0 {
		params.Set(paramEnv, req.Env)
	}
	env, err := ownEnv(ctx, req.Workflow, params)
	if err != nil {
		return nil, err
	}
	params.Set(paramEnv, env)
	return params, nil
}

// ownEnv evaluates the environment among an execution's parameters.
func ownEnv(ctx context.Context, spec *step.Workflow, params *value.Map) (*value.Map, error) {
	raw, _ := params.Get(paramEnv)
	if !value.Truth(raw) {
		return value.NewMap(0), nil
	}
	env, ok := raw.(*value.Map)
	if !ok {
		return nil, InvalidEnvironment{raw}
	}
	if evaluate, ok := params.Get(paramEvaluate); ok && !value.Truth(evaluate) {
		return env, nil
	}
	out, err := evalMap(ctx, env, &expr.Scope{Data: value.MapOf("__env", env), Host: startHost{env: env}})
	if err != nil {
		return nil, ExpressionError{Workflow: spec.Name, Part: "environment", Err: err}
	}
	return out, nil
}

// InvalidEnvironment says that the env which an execution was given is none.
type InvalidEnvironment struct{ Env any }

func (e InvalidEnvironment) Error() string {
	if name, ok := e.Env.(string); ok {
		return "Environment is not found: " + name
	}
	return fmt.Sprintf("Unexpected value type for environment [env=%s, type=%s]", expr.Str(e.Env), pythonClass(e.Env))
}

// pythonClass is what Mistral's texts have for the type of a value that is
// neither nothing nor a text nor a dictionary.
func pythonClass(v any) string {
	name := "int"
	switch v.(type) {
	case bool:
		name = "bool"
	case float64:
		name = "float"
	case []any:
		name = "list"
	}
	return "<class '" + name + "'>"
}

// undeclared takes the names that a workflow does not declare out of its input.
func undeclared(spec *step.Workflow, input *value.Map) (declared, extra *value.Map) {
	declared, extra = value.NewMap(input.Len()), value.NewMap(0)
	for k, v := range input.All() {
		if slices.ContainsFunc(spec.Input, func(p step.Input) bool { return p.Name == k }) {
			declared.Set(k, v)
		} else {
			extra.Set(k, v)
		}
	}
	return declared, extra
}
