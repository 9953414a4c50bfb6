package apikey

import (
	"fmt"

	"rdiostress/internal/rdio"
)

// RefusedError means that an upload was refused because of its key. It never contains the key.
type RefusedError struct {
	Fault             Fault
	Label             string // label of the key; empty if the key is unknown
	System, Talkgroup int64  // system and talkgroup of the call; 0 if unknown
}

func (e *RefusedError) Error() string {
	if e.Label == "" {
		return e.Reply()
	}
	return fmt.Sprintf("the key %q %v: %s", e.Label, e.Fault, e.Reply())
}

// Reply returns the text for the client. It does not say what is wrong with the key.
func (e *RefusedError) Reply() string {
	text := rdio.PhraseInvalidKey
	if e.System > 0 {
		text += fmt.Sprintf(" for system %d", e.System)
		if e.Talkgroup > 0 {
			text += fmt.Sprintf(" talkgroup %d", e.Talkgroup)
		}
	}
	return text
}
