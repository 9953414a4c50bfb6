package upload

import (
	"net/http"

	"rdiostress/internal/rdio"
)

// HeadSuffices reports whether a client has judged a reply with a status before its text has arrived. The text of a
// failure is read anyway, since it says what failed; but after 101, which nobody has asked for, what follows is another
// protocol, and net/http would read it without heeding any deadline.
func HeadSuffices(reading rdio.Reading, status int) bool {
	return reading == rdio.ReplyHead && status == http.StatusOK || status == http.StatusSwitchingProtocols
}

// TakesCut reports whether a client judges a reply by its status though reading its text has failed with an error.
func TakesCut(c rdio.Client, err error) bool {
	switch c.Reads() {
	case rdio.ReplyHead:
		return true
	case rdio.EndedReply:
		return !IsTimeout(err)
	default:
		return false
	}
}
