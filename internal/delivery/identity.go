package delivery

import "strings"

// leastDigits is the shortest length of a call's number in a file name, with leading zeros.
const leastDigits = 6

// numberOf finds the number of a run's call in a file name: the digits after the run's pattern, anywhere in the name,
// since client profiles name files differently, and servers add folders before and other extensions after.
func numberOf(pattern, name string) (n uint64, ok bool) {
	_, rest, ok := strings.Cut(name, pattern)
	if !ok || pattern == "" {
		return 0, false
	}
	digits := 0
	for ; digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9'; digits++ {
		n = n*10 + uint64(rest[digits]-'0')
	}
	const most = 18 // more would overflow, and no run has that many calls
	return n, digits >= leastDigits && digits <= most
}

// extension returns a file name's extension in lower case, with its dot.
func extension(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return ""
	}
	return strings.ToLower(name[i:])
}
