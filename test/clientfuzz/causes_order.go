package main

import (
	"encoding/json"
	"slices"
	"strings"
)

// What has another order, or another form that means the same, with the clients of
// the smaller services.

// unordered: zaqar's client makes a set of the ids, and swift's service does what it
// does to several objects in threads.
func unordered(c call, client, our end) (end, end) {
	switch {
	case c.Action == "zaqar.delete_messages":
		for _, requests := range [][]request{client.requests, our.requests} {
			for i := range requests {
				parts := strings.Split(requests[i].Query, "&")
				slices.Sort(parts)
				requests[i].Query = strings.Join(parts, "&")
			}
		}
	case strings.HasPrefix(c.Action, "swiftservice."):
		for _, requests := range [][]request{client.requests, our.requests} {
			slices.SortStableFunc(requests, func(a, b request) int { return strings.Compare(wire(a), wire(b)) })
		}
	}
	return client, our
}

// quotedState: aodh's client puts the state between quotes as it is.
func quotedState(c call, client, our end) (end, end) {
	for i := range our.requests {
		var state string
		if c.Action == "aodh.alarm_set_state" && json.Unmarshal([]byte(our.requests[i].Body), &state) == nil {
			our.requests[i].Body = `"` + state + `"`
		}
	}
	return client, our
}

// rotated: magnum's client names no microversion, and without one there is no
// rotation; what it makes of the answer then fails.
func rotated(c call, client, our end) (end, end) {
	if c.Action == "magnum.certificates_rotate_ca" {
		for i := range our.requests {
			our.requests[i].Header.Del("Openstack-Api-Version")
		}
	}
	return client, our
}
