package interp

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

func mustDefine(t testing.TB, in *Interpreter, name, text string) {
	t.Helper()
	m, err := asl.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Define(name, m); err != nil {
		t.Fatal(err)
	}
}

func chain(n int) string {
	var b strings.Builder
	b.WriteString(`{"QueryLanguage":"JSONata","StartAt":"T0","States":{`)
	for i := range n {
		fmt.Fprintf(&b, `"T%d":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f","Payload":{"n":%d,"in":"{%% $states.input %%}"}},"Output":"{%% $states.result.Payload %%}",`, i, i)
		if i == n-1 {
			b.WriteString(`"End":true}`)
		} else {
			fmt.Fprintf(&b, `"Next":"T%d"},`, i+1)
		}
	}
	return b.String() + "}}"
}

const mapText = `{"QueryLanguage":"JSONata","StartAt":"M","States":{"M":{"Type":"Map","Items":"{% $states.input.items %}",
"ItemSelector":{"i":"{% $states.context.Map.Item.Index %}","v":"{% $states.context.Map.Item.Value %}"},
"ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f","Payload":"{% $states.input %}"},"Output":"{% $states.result.Payload %}","End":true}}},"End":true}}}`

func items(n int) any {
	l := make([]any, n)
	for i := range l {
		l[i] = int64(i)
	}
	return value.MapOf("items", l)
}

func run(t testing.TB, in *Interpreter, machine string, input any) Outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	r, err := in.Start(ctx, StartInput{Machine: machine, Input: input})
	if err != nil {
		t.Fatal(err)
	}
	o, err := r.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func BenchmarkChain3(b *testing.B) {
	in := New(Options{Invoke: func(context.Context, TaskCall) (any, error) { return "x", nil }})
	mustDefine(b, in, "m", chain(3))
	b.ReportAllocs()
	for b.Loop() {
		if o := run(b, in, "m", nil); o.Status != Succeeded {
			b.Fatal(o)
		}
	}
}

func BenchmarkMap(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			in := New(Options{HistoryLimit: -1, PayloadLimit: -1, Invoke: func(context.Context, TaskCall) (any, error) { return "x", nil }})
			mustDefine(b, in, "m", mapText)
			input := items(n)
			b.ReportAllocs()
			for b.Loop() {
				o := run(b, in, "m", input)
				if o.Status != Succeeded || len(o.Output.([]any)) != n {
					b.Fatal(o)
				}
			}
		})
	}
}
