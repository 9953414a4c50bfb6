package folder

import (
	"bytes"
	"cmp"
)

// compareNatural compares names as people do: numbers in them by their value, so that call_9 comes before call_10.
func compareNatural(x, y []byte) int {
	for len(x) > 0 && len(y) > 0 {
		dx, dy := digits(x), digits(y)
		if dx == 0 || dy == 0 {
			if x[0] != y[0] {
				return cmp.Compare(x[0], y[0])
			}
			x, y = x[1:], y[1:]
			continue
		}
		nx, ny := bytes.TrimLeft(x[:dx], "0"), bytes.TrimLeft(y[:dy], "0")
		if c := cmp.Or(cmp.Compare(len(nx), len(ny)), bytes.Compare(nx, ny), cmp.Compare(dx, dy)); c != 0 {
			return c
		}
		x, y = x[dx:], y[dy:]
	}
	return cmp.Compare(len(x), len(y))
}

// digits returns how many digits a name begins with.
func digits(s []byte) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
