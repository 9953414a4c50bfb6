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
