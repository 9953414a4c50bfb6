package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"strings"

	"rdiostress/internal/address"
)

// MinToken is the least length of a token, which must not be guessed.
const MinToken = 16

// cookieName is the name of the cookie of those who have shown the token, so that it is not in the page's address.
// Cookies are those of all ports of a host.
func (s *Server) cookieName() string {
	_, port, _ := net.SplitHostPort(s.Addr().String())
	return "rdiostress_web_" + port
}

// proof is the value of the cookie: it does not give the token away.
func (s *Server) proof() string {
	sum := hmac.New(sha256.New, []byte(s.token))
	sum.Write([]byte(s.cookieName()))
	return hex.EncodeToString(sum.Sum(nil))
}

// guarded lets only those requests through that may see the page.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "this page can only be read", http.StatusMethodNotAllowed)
		case s.token == "" && !isLocalHost(r.Host):
			http.Error(w, "this page is only for this machine, by the name localhost or its address",
				http.StatusMisdirectedRequest)
		case s.token == "" || s.hasCookie(r):
			next.ServeHTTP(w, r)
		case equal(r.URL.Query().Get("token"), s.token):
			// Lax: a link from another site, such as a chat, must find the cookie after the redirect.
			http.SetCookie(w, &http.Cookie{
				Name: s.cookieName(), Value: s.proof(), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
			})
			http.Redirect(w, r, "/", http.StatusSeeOther)
		default:
			http.Error(w, "open this page by the address that rdiostress has printed, with ?token= and the token",
				http.StatusUnauthorized)
		}
	})
}

// isLocalHost reports whether the Host of a request is this machine, so that the page's address was not one that
// somebody else's name resolved to.
func isLocalHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	} else if inner, ok := strings.CutPrefix(host, "["); ok { // an IPv6 address without a port
		host = strings.TrimSuffix(inner, "]")
	}
	return address.IsLoopback(host)
}

func (s *Server) hasCookie(r *http.Request) bool {
	cookie, err := r.Cookie(s.cookieName())
	return err == nil && equal(cookie.Value, s.proof())
}

// equal compares in constant time.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return hmac.Equal(x[:], y[:])
}
