package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// forReaders requires the read key, if one is set: as a bearer token or in X-API-Key.
func (s *Server) forReaders(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.readSum != nil {
			sum := sha256.Sum256([]byte(presentedKey(r)))
			if subtle.ConstantTimeCompare(sum[:], s.readSum[:]) != 1 {
				w.Header().Set("WWW-Authenticate", `Bearer realm="calls"`)
				s.fail(w, r, errNoReadKey)
				return
			}
		}
		next(w, r)
	}
}

// presentedKey returns the key in a request's header.
func presentedKey(r *http.Request) string {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return r.Header.Get("X-API-Key")
}
