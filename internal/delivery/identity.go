package delivery

import "strings"

// leastDigits has the number of a call in a file name, with zeros in front.
const leastDigits = 6

// numberOf finds the number of a run's call in a file name: the digits after the run's pattern, wherever in the name
// that is, since client profiles name files differently, and servers put folders in front and other extensions behind.
func numberOf(pattern, name string) (n uint64, ok bool) {
	_, rest, ok := strings.Cut(name, pattern)
	if !ok || pattern == "" {
		return 0, false
	}
	digits := 0
	for ; digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9'; digits++ {
		n = n*10 + uint64(rest[digits]-'0')
	}
	const most = 18 // more overflow, and no run has as many calls
	return n, digits >= leastDigits && digits <= most
}

// extension is a file name's, in small letters and with its dot.
func extension(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return ""
	}
	return strings.ToLower(name[i:])
}
