package actions

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// statItems are the fields of a stat that people look for, as pairs.
func (s *swiftService) statItems(container, object any, headers *value.Map) []any {
	header := func(name string, absent any) any {
		if v, ok := headers.Get(name); ok {
			return v
		}
		return absent
	}
	size := func(name string) any { return readable(pythonStr(header(name, "0")), s.options.has("human")) }
	endpoint := s.services[s.action.spec.base.serviceType].Endpoint()
	items := []any{[]any{"Account", endpoint[strings.LastIndexByte(endpoint, '/')+1:]}}
	add := func(name string, v any) { items = append(items, []any{name, v}) }
	switch {
	case object != nil:
		add("Container", container)
		add("Object", object)
		add("Content Type", header("content-type", nil))
		add("Content Length", size("content-length"))
		add("Last Modified", header("last-modified", nil))
		add("ETag", header("etag", nil))
		add("Manifest", header("x-object-manifest", nil))
	case container != nil:
		add("Container", container)
		add("Objects", size("x-container-object-count"))
		add("Bytes", size("x-container-bytes-used"))
		add("Read ACL", header("x-container-read", ""))
		add("Write ACL", header("x-container-write", ""))
		add("Sync To", header("x-container-sync-to", ""))
		add("Sync Key", header("x-container-sync-key", ""))
	default:
		count, _ := strconv.ParseInt(pythonStr(header("x-account-container-count", "0")), 10, 64)
		add("Containers", count)
		add("Objects", size("x-account-object-count"))
		add("Bytes", size("x-account-bytes-used"))
		for _, policy := range policies(headers) {
			of := policyPrefix + policy
			if headers.Has(of + "-container-count") {
				add(`Containers in policy "`+policy+`"`, size(of+"-container-count"))
			}
			add(`Objects in policy "`+policy+`"`, size(of+"-object-count"))
			add(`Bytes in policy "`+policy+`"`, size(of+"-bytes-used"))
		}
	}
	return items
}

const policyPrefix = "x-account-storage-policy-"

// policies are the storage policies of which an account's headers tell, by name.
func policies(headers *value.Map) []string {
	var out []string
	for k := range headers.All() {
		if rest, ok := strings.CutPrefix(k, policyPrefix); ok {
			for _, end := range []string{"-container-count", "-object-count", "-bytes-used"} {
				if name, ok := strings.CutSuffix(rest, end); ok {
					out = append(out, name)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// readable is a number of bytes for people if human is set: 1.5K.
func readable(number string, human bool) string {
	n, err := strconv.ParseFloat(number, 64)
	if !human || err != nil || n <= 1023 {
		return number
	}
	const suffixes = "KMGTPEZY"
	i := -1
	for n > 1023 && i < len(suffixes)-1 {
		n, i = n/1024, i+1
	}
	if n >= 10 {
		return fmt.Sprintf("%d%c", int64(n), suffixes[i])
	}
	return fmt.Sprintf("%.1f%c", n, suffixes[i])
}
