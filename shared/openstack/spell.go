package openstack

import "strings"

// didYouMean is "; did you mean X?" for the known name closest to what was
// written, or "" when none is close: a third of its letters may differ.
func didYouMean(name string, known []string) string {
	if len(name) > 100 {
		return ""
	}
	best, distance := "", len([]rune(name))/3+1
	for _, k := range known {
		d := editDistance(strings.ToLower(name), strings.ToLower(k))
		if d < distance || d == 0 {
			best, distance = k, d
		}
	}
	if best == "" || best == name {
		return ""
	}
	return "; did you mean " + best + "?"
}

// editDistance counts the insertions, deletions, substitutions and swaps of
// neighbours that turn one word into the other.
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	var before []int
	previous := make([]int, len(y)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(x); i++ {
		current := make([]int, len(y)+1)
		current[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			current[j] = min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				current[j] = min(current[j], before[j-2]+1)
			}
		}
		before, previous = previous, current
	}
	return previous[len(y)]
}
