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

	// fieldStored is in tr-engine's 201: the number that the stored call has.
	fieldStored = `"call_id"`
	// wordDuplicate is in tr-engine's 409, at a sentence's beginning or not.
	wordDuplicate, wordDuplicate2 = "duplicate", "Duplicate"
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
	case http.StatusCreated:
		if bytes.Contains(body, []byte(fieldStored)) {
			return Imported
		}
		return Status
	case http.StatusConflict:
		if bytes.Contains(body, []byte(wordDuplicate)) || bytes.Contains(body, []byte(wordDuplicate2)) {
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
