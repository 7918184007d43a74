package actions

import "testing"

func TestTablesDecode(t *testing.T) {
	r, err := NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range r.Services() {
		tab, err := r.table(service)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range tab.order {
			if _, err := tab.action(name); err != nil {
				t.Error(err)
			}
		}
	}
}
