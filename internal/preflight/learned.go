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
	Server string // what it is, in words, such as "rdio-scanner 7"; empty where that does not show

	// Learns says that the server may have to learn of each talkgroup by its first call, as rdio-scanner and its kin do
	// (autopopulate).
	Learns bool
	// Milliseconds says that the server is known to read when a call began to the millisecond.
	Milliseconds bool
	// AcknowledgesFirst says that the server is known to answer that a call is imported before it has stored it.
	AcknowledgesFirst bool
	// DuplicateWindow is how far apart calls of a talkgroup begin at most that the server refuses as duplicates. It is
	// 0 where that is less than a second, or the server does not say what it takes for a duplicate.
	DuplicateWindow time.Duration

	FirstReplies []measure.FirstReply // to the first call of each client of the mix, in its order
	Warnings     []string             // what to know before the run
}

// Fill puts what was learned into a result's target.
func (l *Learned) Fill(t *measure.Target) {
	t.Server, t.AcknowledgesFirst, t.FirstReplies, t.Warnings = l.Server, l.AcknowledgesFirst, l.FirstReplies, l.Warnings
	if l.DuplicateWindow > 0 {
		window := l.DuplicateWindow.Seconds()
		t.DuplicateWindowS = &window
	}
}

// The servers that can be told apart by their replies.
const (
	ServerRdio7    = "rdio-scanner 7"
	ServerRdio6    = "rdio-scanner 6 or a relative of it"
	ServerThinLine = "ThinLine Radio"
	ServerTREngine = "tr-engine"
	ServerSDRAPI   = "sdrtrunk-rdio-api"
	ServerBundled  = "rdiostress serve"
)

// missesAudio is how rdio-scanner 7's reply to the connection test begins, in lower case.
const missesAudio = "incomplete call data: no audio"

// recogniseTest tells a server by its reply to SDRTrunk's connection test; an empty text where that does not show.
func recogniseTest(status int, header http.Header, body []byte) string {
	text := strings.ToLower(string(body))
	switch {
	case status == http.StatusExpectationFailed && strings.HasPrefix(text, missesAudio):
		return ServerRdio7 // which alone misses the audio first
	case status == http.StatusExpectationFailed && text == rdio.PhraseTest+"\n":
		return ServerThinLine // whose reply alone ends with one line break
	case status == http.StatusExpectationFailed:
		return ServerRdio6
	case status == http.StatusOK && strings.HasPrefix(header.Get("Server"), "rdiostress"):
		return ServerBundled
	case status == http.StatusOK && text == rdio.PhraseTest:
		return ServerSDRAPI // whose replies alone end without a line break
	case status == http.StatusBadRequest && strings.Contains(text, "unrecognized upload format"):
		return ServerTREngine
	default:
		return ""
	}
}

// recognise takes in what the server is.
func (l *Learned) recognise(server string) {
	l.Server = server
	switch server {
	case ServerRdio7, ServerRdio6, ServerThinLine:
		l.AcknowledgesFirst = true
	}
}

// startTime is the time that tr-engine says a call began at, in its reply to it: as
// "start_time":"2026-11-24T12:00:00Z" of one that it has stored, as start_time=1764000000 of a duplicate.
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

// isTREngine tells whether a reply to a call is tr-engine's.
func isTREngine(status int, body []byte) bool {
	return (status == http.StatusCreated || status == http.StatusConflict) && bytes.Contains(body, []byte("call_id"))
}
