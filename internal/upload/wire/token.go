package wire

import (
	"bytes"
	"strconv"

	"rdiostress/internal/upload"
)

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// equalsLower reports whether a name equals a lower-case name, ignoring the case of ASCII letters.
func equalsLower(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// nextToken cuts the first token off a comma-separated list. The token is nil at the end.
func nextToken(list []byte) (token, rest []byte) {
	for len(list) > 0 {
		token, list, _ = bytes.Cut(list, []byte(","))
		if token = trim(token); len(token) > 0 {
			return token, list
		}
	}
	return nil, nil
}

func parseDecimal(b []byte) (n int64, ok bool) {
	for _, c := range b {
		if !isDigit(c) || n > 1e17 {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, len(b) > 0
}

func parseHex(b []byte) (n int64, ok bool) {
	for _, c := range b {
		var digit byte
		switch {
		case isDigit(c):
			digit = c - '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			digit = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		if n >= 1<<58 {
			return 0, false
		}
		n = n<<4 | int64(digit)
	}
	return n, len(b) > 0
}

func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

func trimCR(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

// quote quotes a whole line of a reply for an error. The API key in it is hidden later, and then the line is cut.
func quote(line []byte) string { return strconv.Quote(upload.WholeLine(line)) }
