package actions

import (
	"cmp"
	"slices"
	"strings"
)

// nearest returns up to n of the candidates that are close enough to x to be
// what was meant: at most a third of x's letters apart, upper and lower case
// and the order of its words being the same (networks_list, list_networks).
func nearest(x string, candidates []string, n int) []string {
	type match struct {
		name     string
		distance int
	}
	limit := (len(x) + 2) / 3
	lower, sorted := strings.ToLower(x), sortedWords(x)
	var found []match
	for _, c := range candidates {
		d := min(editDistance(lower, strings.ToLower(c), limit), 1+editDistance(sorted, sortedWords(c), limit))
		if d <= limit {
			found = append(found, match{c, d})
		}
	}
	slices.SortFunc(found, func(a, b match) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	var names []string
	for _, m := range found[:min(n, len(found))] {
		if m.distance > found[0].distance+1 {
			break // much worse than the best is no help
		}
		names = append(names, m.name)
	}
	return names
}

// sortedWords is a name in lower case with the words behind its dot in order.
func sortedWords(name string) string {
	service, rest, _ := strings.Cut(strings.ToLower(name), ".")
	words := strings.Split(rest, "_")
	slices.Sort(words)
	return service + "." + strings.Join(words, "_")
}

// editDistance is the Levenshtein distance between two strings in bytes, or
// some number above limit as soon as that is certain.
func editDistance(a, b string, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		previous := row[0]
		row[0] = i + 1
		best := row[0]
		for j := range len(b) {
			substituted := previous
			if a[i] != b[j] {
				substituted++
			}
			previous = row[j+1]
			row[j+1] = min(substituted, previous+1, row[j]+1)
			best = min(best, row[j+1])
		}
		if best > limit {
			return limit + 1
		}
	}
	return row[len(b)]
}
