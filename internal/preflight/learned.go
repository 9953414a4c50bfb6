package preflight

import (
	"bytes"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// Learned is what a preflight has found out about a server.
type Learned struct {
	Server string // its name, such as "rdio-scanner 7"; empty if unknown

	// Learns means that the server may have to learn each talkgroup from its first call, as rdio-scanner and its
	// relatives do (autopopulate).
	Learns bool
	// Milliseconds means that the server is known to read the milliseconds of a call's time.
	Milliseconds bool
	// AcknowledgesFirst means that the server is known to reply that a call is imported before it has stored it.
	AcknowledgesFirst bool
	// DuplicateWindow is the longest distance at which the server refuses two calls of a talkgroup as duplicates. It is
	// 0 if that is less than a second, or if the server does not tell which calls it takes for duplicates.
	DuplicateWindow time.Duration

	// NeverConnects says why SDRTrunk, if it is in the mix, sends the server nothing unless it is made to; nil if it
	// does.
	NeverConnects error

	Accepted     uint64               // calls that the server took
	FirstReplies []measure.FirstReply // to the first call of each client of the mix, in its order
	Warnings     []string             // to show before the run
}

// Fill describes the server in a result's target.
func (l *Learned) Fill(t *measure.Target) {
	t.Server, t.AcknowledgesFirst = l.Server, l.AcknowledgesFirst
	t.FirstReplies, t.Warnings, t.CallsBefore = l.FirstReplies, l.Warnings, l.Accepted
	if l.DuplicateWindow > 0 {
		window := l.DuplicateWindow.Seconds()
		t.DuplicateWindowS = &window
	}
}

// Servers that can be told apart by their replies.
const (
	ServerRdio7    = "rdio-scanner 7"
	ServerRdio6    = "rdio-scanner 6 or a relative of it"
	ServerThinLine = "ThinLine Radio"
	ServerTREngine = "tr-engine"
	ServerSDRAPI   = "sdrtrunk-rdio-api"
	ServerBundled  = "rdiostress serve"
)

// missesAudio is the beginning of rdio-scanner 7's reply to the connection test, in lower case.
const missesAudio = "incomplete call data: no audio"

// recogniseTest names a server by its reply to SDRTrunk's connection test. The name is empty if the reply does not
// tell.
func recogniseTest(status int, header http.Header, body []byte) string {
	text := strings.ToLower(string(body))
	switch {
	case status == http.StatusExpectationFailed && strings.HasPrefix(text, missesAudio):
		return ServerRdio7 // the only one that checks the audio first
	case status == http.StatusExpectationFailed && text == rdio.PhraseTest+"\n":
		return ServerThinLine // the only one whose reply ends with one line break
	case status == http.StatusExpectationFailed:
		return ServerRdio6
	case status == http.StatusOK && strings.HasPrefix(header.Get("Server"), "rdiostress"):
		return ServerBundled
	case status == http.StatusOK && text == rdio.PhraseTest:
		return ServerSDRAPI // the only one whose replies end without a line break
	case status == http.StatusBadRequest && strings.Contains(text, "unrecognized upload format"):
		return ServerTREngine
	default:
		return ""
	}
}

// recognise records what the server is.
func (l *Learned) recognise(server string) {
	l.Server = server
	switch server {
	case ServerRdio7, ServerRdio6, ServerThinLine:
		l.AcknowledgesFirst = true
	}
}

// startTime returns the time at which a call began according to the reply of tr-engine:
// "start_time":"2026-11-24T12:00:00Z" of a stored call, start_time=1764000000 of a duplicate.
func startTime(reply []byte) (at time.Time, ok bool) {
	found := startTimes.FindSubmatch(reply)
	if found == nil {
		return at, false
	}
	text := string(found[1])
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0), true
	}
	at, err := time.Parse(time.RFC3339, text)
	return at, err == nil
}

var startTimes = regexp.MustCompile(`"?start_time"?[:=]\s*"?([0-9TZ:.+-]+)`)

// isTREngine reports whether the reply to a call is from tr-engine.
func isTREngine(status int, body []byte) bool {
	return (status == http.StatusCreated || status == http.StatusConflict) && bytes.Contains(body, []byte("call_id"))
}
