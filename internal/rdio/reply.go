package rdio

import (
	"bytes"
	"net/http"
)

// The phrases by which servers and clients understand each other. SDRTrunk looks for them in the reply's text.
const (
	PhraseImported   = "Call imported successfully."
	PhraseDuplicate  = "duplicate call rejected"
	PhraseIncomplete = "Incomplete call data"
	PhraseInvalidKey = "Invalid API key"
	// PhraseTest is how the reply to SDRTrunk's connection test begins, whatever its status; clients ignore its case.
	PhraseTest = "incomplete call data: no talkgroup"
)

// Answer is what a server's reply means to the client.
type Answer uint8

// The answers. Only Imported is an acceptance.
const (
	Imported     Answer = iota // 200 with PhraseImported, or tr-engine's 201 with the stored call's number
	Duplicate                  // 200 with PhraseDuplicate, or 409 that speaks of a duplicate: received, and dropped
	Rejected                   // 200 without either
	Unauthorised               // 401 or 403
	Incomplete                 // 417: a field is missing
	Status                     // any other status
)

// ReadReply returns what a reply means, given its status and its whole text.
func ReadReply(status int, text []byte) Answer { return readReply(status, text, PhraseFinder{}) }

// readReply returns what a reply means, given the beginning of its text and what was found in the rest.
func readReply(status int, text []byte, rest PhraseFinder) Answer {
	has := func(p phrase) bool { return rest.found&(1<<p) != 0 || bytes.Contains(text, []byte(p.text())) }
	switch status {
	case http.StatusOK:
		switch {
		case has(imported):
			return Imported
		case has(duplicateRejected):
			return Duplicate
		default:
			return Rejected
		}
	case http.StatusCreated:
		if has(stored) {
			return Imported
		}
		return Status
	case http.StatusConflict:
		if has(duplicate) || has(capitalDuplicate) {
			return Duplicate
		}
		return Status
	case http.StatusUnauthorized, http.StatusForbidden:
		return Unauthorised
	case http.StatusExpectationFailed:
		return Incomplete
	default:
		return Status
	}
}
