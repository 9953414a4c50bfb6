package rdio

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestParseClient(t *testing.T) {
	for c := range Client(NumClients) {
		if back, err := ParseClient(c.String()); err != nil || back != c {
			t.Errorf("%v reads as %v, %v", c, back, err)
		}
	}
	if _, err := ParseClient("pager"); err == nil || !strings.Contains(err.Error(), "trunk-recorder-5.2") {
		t.Errorf("error %v, want one that names the clients", err)
	}
}

// Names are the clients' own, and have the mark in their stem.
func TestNames(t *testing.T) {
	call := &Call{Talkgroup: 1001, Time: time.Date(2026, 11, 3, 1, 2, 3, 45_678_901, time.UTC), Frequency: 851_012_500}
	mark := AppendMark(nil, "abc234xy", 42)
	for c, want := range map[Client]string{
		SDRTrunk:          "20261103_010203.045_rs-abc234xy-0000042",
		TrunkRecorder:     "1001-1793667723_851012500-call_rs-abc234xy-0000042",
		TrunkRecorder52:   "1001-1793667723_851012500-call_rs-abc234xy-0000042",
		TrunkRecorderMeta: "1001-1793667723_851012500-call_rs-abc234xy-0000042",
		Voxcall:           "1793667723-rs-abc234xy-0000042",
		RdioScanner:       "rs-abc234xy-0000042",
		Curl:              "rs-abc234xy-0000042",
	} {
		got := string(c.AppendName(nil, call, mark))
		if got != want {
			t.Errorf("%v names it %q, want %q", c, got, want)
		}
		if !regexp.MustCompile(`^[a-z0-9_.-]+$`).MatchString(got) {
			t.Errorf("%q has characters that a server may trip over", got)
		}
		if n, ok := FindMark([]byte(got+".m4a"), "abc234xy"); !ok || n != 42 {
			t.Errorf("%q: found call %d, %v", got, n, ok)
		}
	}
}

// What a client does when it is redirected, as was seen on the wire or in its source.
func TestRedirected(t *testing.T) {
	const again, get, none = "would send the call again, to that address",
		"would ask for that address with GET, without the call", "follows no redirect either"
	for status, want := range map[int]map[Client]string{
		301: {
			SDRTrunk: get, Voxcall: get, RdioScanner: get, TrunkRecorder: none, TrunkRecorder52: none,
			TrunkRecorderMeta: none, Curl: none,
		},
		303: {SDRTrunk: get, TrunkRecorder: none},
		307: {SDRTrunk: again, Voxcall: again, RdioScanner: again, TrunkRecorder52: none, Curl: none},
		308: {SDRTrunk: again, TrunkRecorder: none},
	} {
		for c, words := range want {
			if got := c.Redirected(status); got != words {
				t.Errorf("%v, %d: %q, want %q", c, status, got, words)
			}
		}
	}
}

// A reply is read for each upload.
func TestReadReplyDoesNotAllocate(t *testing.T) {
	replies := map[int][]byte{
		200: []byte(
			PhraseImported,
		), 201: []byte(`{"call_id":7}`), 409: []byte(`{"code":"duplicate"}`), 401: []byte("no"), 503: []byte("busy"),
	}
	for status, text := range replies {
		if n := testing.AllocsPerRun(100, func() {
			for c := range Client(NumClients) {
				c.ReadReply(status, text, PhraseFinder{})
			}
		}); n > 0 {
			t.Errorf("%d: %v allocations", status, n)
		}
	}
}

func TestTakesCreated(t *testing.T) {
	for c := range Client(NumClients) {
		if got := c.ReadReply(201, []byte("{}"), PhraseFinder{}) == Imported; got != c.TakesCreated() {
			t.Errorf("%v takes 201: %v, and is said to: %v", c, got, c.TakesCreated())
		}
	}
}
