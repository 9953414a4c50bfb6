package address

import (
	"net/url"
	"strings"
)

// RedactPlace returns a place of recordings or calls, a path or a URL, without what may be a secret. The name of a file
// holds none.
func RedactPlace(place string) string {
	if strings.Contains(place, "://") && !strings.HasPrefix(place, "sqlite:") {
		return Redact(place)
	}
	return place
}

// Redact returns a URL without what may be a secret: user and password, the query, and a web address's fragment. It
// takes what is not quite a URL too, such as a mistyped one, and rather hides too much of that.
func Redact(text string) string {
	u, err := url.Parse(text)
	if err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
		u.User, u.Fragment, u.RawFragment = nil, "", ""
		if u.RawQuery != "" {
			u.RawQuery = "…"
		}
		return u.String()
	}
	scheme, rest, ok := strings.Cut(text, "://")
	if ok {
		scheme += "://"
	} else {
		scheme, rest = "", text
	}
	at, query := strings.LastIndexByte(rest, '@'), strings.IndexByte(rest, '?')
	switch {
	case 0 <= query && query < at: // of a password or a query: nobody knows where either ends
		return scheme + "…"
	case query >= 0:
		return scheme + hideUser(rest[:query]) + "?…"
	default:
		return scheme + hideUser(rest)
	}
}

// hideUser puts three dots in place of what stands before the last @.
func hideUser(text string) string {
	if i := strings.LastIndexByte(text, '@'); i >= 0 {
		return "…" + text[i:]
	}
	return text
}
