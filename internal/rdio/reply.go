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
	Imported     Answer = iota // 200 with PhraseImported
	Duplicate                  // 200 with PhraseDuplicate: received, and dropped
	Rejected                   // 200 without either
	Unauthorised               // 401 or 403
	Incomplete                 // 417: a field is missing
	Status                     // any other status
)

// ReadReply tells what a reply means. Body may be cut after its first few hundred bytes: the phrases come early.
func ReadReply(status int, body []byte) Answer {
	switch status {
	case http.StatusOK:
		switch {
		case bytes.Contains(body, []byte(PhraseImported)):
			return Imported
		case bytes.Contains(body, []byte(PhraseDuplicate)):
			return Duplicate
		default:
			return Rejected
		}
	case http.StatusUnauthorized, http.StatusForbidden:
		return Unauthorised
	case http.StatusExpectationFailed:
		return Incomplete
	default:
		return Status
	}
}
