package address

import (
	"net"
	"net/netip"
	"strings"
	"unicode"
)

// WithScheme returns the URL of a server with its scheme where that was left out: https for the ports 443 and 8443, and
// http for all others. What does not look like the address of a server stays as it is.
func WithScheme(server string) string {
	if strings.Contains(server, "://") {
		return server
	}
	authority, _, _ := strings.Cut(server, "/")
	authority = authority[strings.LastIndexByte(authority, '@')+1:]
	host, port, err := net.SplitHostPort(authority)
	switch {
	case err != nil && isHost(authority):
		return "http://" + server
	case err != nil || host == "" || port == "" || strings.Trim(port, "0123456789") != "":
		return server
	case port == "443" || port == "8443":
		return "https://" + server
	default:
		return "http://" + server
	}
}

// isHost reports whether a word is a host without a port: an address, localhost, or a name with a dot in it.
func isHost(word string) bool {
	_, err := netip.ParseAddr(strings.Trim(word, "[]"))
	named := strings.Contains(strings.Trim(word, "."), ".") && strings.ContainsFunc(word, unicode.IsLetter)
	return err == nil || word == "localhost" || named && !strings.ContainsAny(word, " :=,")
}
