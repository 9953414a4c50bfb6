// Package nearest finds what somebody meant who has misspelt a name.
package nearest

import "strings"

// Name is the name that somebody who wrote word may have meant, or "" if none is near.
func Name(word string, names []string) string {
	word = plain(word)
	best, least := "", max(1, min(len(word)/3, 3))+1
	for _, name := range names {
		if d := distance(word, plain(name)); d < least {
			best, least = name, d
		}
	}
	return best
}

// plain takes out what people write one way or another.
func plain(s string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s))
}

// distance is how many letters have to be put in, taken out, changed or swapped with their neighbour to make a into b.
func distance(a, b string) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row := rows[(i+2)%3], rows[i%3], rows[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return rows[(len(a)+1)%3][len(b)]
}
