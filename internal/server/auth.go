package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"

	"rdiostress/internal/rdio"
)

// The policies of rate limits, by the names that clients see.
const (
	policyKey     = "key"
	policyAddress = "address"
)

// checkKey lets an upload in whose key is good and has uploads left, once.
func (s *Server) checkKey(w http.ResponseWriter, r *http.Request, form *rdio.Form, in *intake) error {
	if in.key != nil {
		return nil
	}
	key := s.keys.Load().find(form.Key)
	if key == nil {
		in.refused = wrongKey(form)
		return in.refused
	}
	if body, ok := r.Body.(*countedBody); ok {
		body.key = key.Label
	}
	if fault := key.fault(s.client(r), s.now()); fault != "" {
		in.refused = &keyFault{key.Label, fault, wrongKey(form)}
		return in.refused
	}
	if in.refused = s.limit(r.Context(), w.Header(), policyKey, key.Label, s.keyRate); in.refused != nil {
		return in.refused
	}
	in.key = key
	in.trust()
	return nil
}

// keyFault is why a key that is known is not good.
type keyFault struct {
	label, what string
	refusal     *refusal
}

func (e *keyFault) Error() string {
	return fmt.Sprintf("the key %q %s: %v", e.label, e.what, e.refusal)
}
func (e *keyFault) Unwrap() error { return e.refusal }

// wrongKey names the call as far as its form, which may have more to come, does. It never repeats the key.
func wrongKey(form *rdio.Form) *refusal {
	text := rdio.PhraseInvalidKey
	if system := form.Number("system"); system > 0 {
		text += fmt.Sprintf(" for system %d", system)
		if talkgroup := form.Number("talkgroup"); talkgroup > 0 {
			text += fmt.Sprintf(" talkgroup %d", talkgroup)
		}
	}
	return &refusal{status: http.StatusUnauthorized, text: text}
}

// notForKey refuses a call that is not of what a good key is for.
func notForKey(key *Key, form *rdio.Form) error {
	re := wrongKey(form)
	re.status = http.StatusForbidden
	return fmt.Errorf("the key %q is not for this system or talkgroup: %w", key.Label, re)
}

// forReaders asks for the key to read with, if there is one: as a bearer token, or in X-API-Key.
func (s *Server) forReaders(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.readSum != nil {
			sum := sha256.Sum256([]byte(presented(r)))
			if subtle.ConstantTimeCompare(sum[:], s.readSum[:]) != 1 {
				w.Header().Set("WWW-Authenticate", `Bearer realm="calls"`)
				s.fail(w, r, errNoReadKey)
				return
			}
		}
		next(w, r)
	}
}

// presented is the key in a request's header.
func presented(r *http.Request) string {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return r.Header.Get("X-API-Key")
}
