package actions

import (
	"cmp"
	"slices"
	"strings"
)

// nearest returns up to n of the candidates that are close enough to x to be
// what was meant: at most a third of x's letters apart, upper and lower case
// being the same.
func nearest(x string, candidates []string, n int) []string {
	type match struct {
		name     string
		distance int
	}
	limit := (len(x) + 2) / 3
	lower := strings.ToLower(x)
	var found []match
	for _, c := range candidates {
		if d := editDistance(lower, strings.ToLower(c), limit); d <= limit {
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
