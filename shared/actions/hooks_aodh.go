package actions

import (
	"context"
	"fmt"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

var aodhHooks = map[string]hook{
	"aodh.alarm_create": aodhAlarmCreate,
	"aodh.alarm_update": aodhAlarmUpdate,
}

// alarmTypes are the types of alarms that the client knows, in the order in
// which an update looks for their rules ("event_rule" and so on). What a change
// gives of a rule is merged into the alarm's, but for the types that replace it.
var alarmTypes = []struct {
	name     string
	replaces bool
}{
	{"threshold", false}, {"event", false}, {"gnocchi_resources_threshold", false},
	{"gnocchi_aggregation_by_metrics_threshold", false}, {"gnocchi_aggregation_by_resources_threshold", false},
	{"composite", true}, {"loadbalancer_member_health", true},
}

// otherRules returns an alarm without the rules of other types than its own.
func otherRules(alarm *value.Map, alarmType any) *value.Map {
	out := value.NewMap(alarm.Len())
	_ = spread(out, alarm) // dictionaries spread without error
	for _, t := range alarmTypes {
		if alarmType != t.name {
			out.Delete(t.name + "_rule")
		}
	}
	return out
}

func aodhAlarmCreate(ctx context.Context, inv *invocation) (any, error) {
	alarm, _ := inv.args["alarm"].(*value.Map)
	alarmType, ok := alarm.Get("type")
	if !ok {
		return nil, badArgument{"alarm", "must have a type"}
	}
	inv.args["@alarm"] = otherRules(alarm, alarmType)
	return inv.perform(ctx)
}

// aodhAlarmUpdate reads an alarm and puts it back with the changes in it: the
// service takes whole alarms only.
func aodhAlarmUpdate(ctx context.Context, inv *invocation) (any, error) {
	change, _ := inv.args["alarm_update"].(*value.Map)
	c := inv.action.spec.choose(inv.args)
	read, err := inv.get(ctx, c, &follow{path: c.path})
	if err != nil {
		return nil, err
	}
	alarm, ok := read.(*value.Map)
	if !ok {
		return nil, inv.badAnswer(fmt.Errorf("the answer is %s and not an alarm", value.Kind(read)))
	}
	if !alarm.Has("type") && !change.Has("type") {
		return nil, inv.badAnswer(fmt.Errorf("the alarm has no type"))
	}
	if err := changeAlarm(alarm, change); err != nil {
		return nil, err
	}
	inv.args["@alarm"] = alarm
	return inv.perform(ctx)
}

// changeAlarm makes the changes. The first rule among them is merged into the
// alarm's; where the type changes it replaces the rule of the old type.
func changeAlarm(alarm, change *value.Map) error {
	oldType, _ := alarm.Get("type")
	newType, given := change.Get("type")
	if !given {
		newType = oldType
	}
	change = otherRules(change, newType)
	for _, t := range alarmTypes {
		key := t.name + "_rule"
		rule, has := change.Get(key)
		if !has {
			continue
		}
		change.Delete(key)
		if err := changeRule(alarm, key, rule, t.replaces, t.name != "threshold" && !value.Equal(oldType, newType)); err != nil {
			return err
		}
		break
	}
	_ = spread(alarm, change)
	return nil
}

func changeRule(alarm *value.Map, key string, rule any, replaces, retyped bool) error {
	if retyped {
		old, _ := alarm.Get("type")
		alarm.Delete(pythonStr(old) + "_rule")
	}
	if replaces && rule == nil {
		return nil
	}
	more, isMap := rule.(*value.Map)
	if replaces || retyped {
		alarm.Set(key, rule)
		return nil
	}
	if !isMap {
		return badArgument{"alarm_update", "must have a dictionary as " + key + ", not " + value.Kind(rule)}
	}
	old, _ := alarm.Get(key)
	merged := value.NewMap(more.Len())
	if m, ok := old.(*value.Map); ok {
		_ = spread(merged, m)
	}
	_ = spread(merged, more)
	alarm.Set(key, merged)
	return nil
}
