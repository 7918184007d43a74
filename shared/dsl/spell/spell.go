// Package spell finds the known name that a mistyped one was meant to be.
//
// The distance between two words is the number of runes to insert, delete,
// replace or swap with their neighbour to get from one to the other
// (Damerau-Levenshtein, each place edited once). A candidate is offered if that
// number is at most a third of the typed word's length, rounded up, and if it is
// the nearest; letter case and the difference between '-' and '_' count nothing.
// So one letter may differ in a short word and three in a word of nine, and two
// words that merely share some letters are never confused.
package spell

import "strings"

// Nearest returns the candidate that word was most likely meant to be, or "" if
// none is near. Of equally near ones the first counts. The word itself is never
// offered.
func Nearest(word string, candidates []string) string {
	best, bestDist := "", limit(word)+1
	folded := fold(word)
	for _, c := range candidates {
		if c == word {
			continue
		}
		if d := distance(folded, fold(c), bestDist); d < bestDist {
			best, bestDist = c, d
		}
	}
	return best
}

// limit is the largest distance at which a name is still offered.
func limit(word string) int {
	return (len([]rune(word)) + 2) / 3
}

func fold(s string) []rune {
	return []rune(strings.ReplaceAll(strings.ToLower(s), "_", "-"))
}

// distance returns the edit distance of a and b, or some number of at least bound.
func distance(a, b []rune, bound int) int {
	if len(a)-len(b) >= bound || len(b)-len(a) >= bound {
		return bound
	}
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least >= bound {
			return bound
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
