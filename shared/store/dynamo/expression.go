package dynamo

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

// expressions is a write in DynamoDB's language. All names go by placeholders,
// as some are reserved words there.
type expressions struct {
	update    *string // of a put
	condition *string // nil for none
	names     map[string]string
	values    attributes // nil for none: an empty map is refused
	now       int64      // the moment by which items have expired
}

func (x *expressions) name(attribute string) string {
	x.names["#"+attribute] = attribute
	return "#" + attribute
}

func (x *expressions) value(name string, v types.AttributeValue) string {
	if x.values == nil {
		x.values = attributes{}
	}
	x.values[":"+name] = v
	return ":" + name
}

// expressions makes a change's condition, which besides the caller's says which
// parts the write replaces, and for a put its update.
func (t *Table) expressions(c *change, mark []byte) expressions {
	x := expressions{names: map[string]string{}, now: t.now().Unix()}
	if condition := t.condition(&x, c); condition != "" {
		x.condition = aws.String(condition)
	}
	if c.Op == store.OpPut {
		x.update = aws.String(t.update(&x, c, mark))
	}
	if len(x.names) == 0 {
		x.names = nil
	}
	return x
}

func (t *Table) condition(x *expressions, c *change) string {
	s := t.schema
	if c.Cond == store.IfAbsent() {
		// Parts of an expired item expire by themselves.
		return fmt.Sprintf("attribute_not_exists(%s) OR %s <= %s",
			x.name(s.PartitionKey), x.name(s.TTL), x.value("now", number(x.now)))
	}
	var all []string
	if c.Cond != store.Always() {
		all = append(all,
			fmt.Sprintf("%s = %s", x.name(s.Version), x.value("version", number(c.Cond.Version()))),
			fmt.Sprintf("(attribute_not_exists(%s) OR %[1]s > %s)", x.name(s.TTL), x.value("now", number(x.now))))
	}
	switch {
	case c.Op == store.OpCheck:
	case c.replaces == "":
		all = append(all, fmt.Sprintf("attribute_not_exists(%s)", x.name(s.Parts)))
	default:
		all = append(all, fmt.Sprintf("%s = %s", x.name(s.Parts), x.value("replaces", text(c.replaces))))
	}
	return strings.Join(all, " AND ")
}

func (t *Table) update(x *expressions, c *change, mark []byte) string {
	s := t.schema
	var set, remove []string
	assign := func(attribute string, v types.AttributeValue) {
		if v == nil {
			remove = append(remove, x.name(attribute))
			return
		}
		set = append(set, x.name(attribute)+" = "+x.value("set_"+attribute, v))
	}
	assign(s.IndexPK, textOrNil(c.Item.Index.PK))
	assign(s.IndexSK, textOrNil(c.Item.Index.SK))
	assign(s.TTL, expiry(c.Item))
	assign(s.Writer, &types.AttributeValueMemberB{Value: mark})
	var body, parts types.AttributeValue
	switch {
	case c.parts.count > 0:
		parts = text(c.parts.String())
	case len(c.body) > 0:
		body = &types.AttributeValueMemberB{Value: c.body}
	}
	assign(s.Body, body)
	assign(s.Parts, parts)
	version := x.name(s.Version)
	switch {
	case c.Cond == store.Always():
		set = append(set, fmt.Sprintf("%s = if_not_exists(%[1]s, %s) + %s", version, x.value("zero", number(0)), x.value("one", number(1))))
	default:
		set = append(set, version+" = "+x.value("next", number(c.Cond.Version()+1)))
	}
	update := "SET " + strings.Join(set, ", ")
	if len(remove) > 0 {
		update += " REMOVE " + strings.Join(remove, ", ")
	}
	return update
}

func textOrNil(s string) types.AttributeValue {
	if s == "" {
		return nil
	}
	return text(s)
}

func expiry(i store.Item) types.AttributeValue {
	if i.Expires.IsZero() {
		return nil
	}
	return number(i.ExpiresUnix())
}
