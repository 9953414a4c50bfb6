package upload

import (
	"strings"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/rdio"
)

// testRequest returns a call whose lists are in the memory of the request.
func testRequest(n uint64) *Request {
	r := &Request{}
	r.Call = rdio.Call{
		System: 11, Talkgroup: 1001, Time: time.Unix(1_772_384_400, 0),
		Patches: append(r.PatchRoom(), 1002),
	}
	r.Units = append(r.UnitRoom(), rdio.Unit{ID: 7})
	r.Frequencies = append(r.FrequencyRoom(), rdio.Frequency{Hz: 851_012_500})
	r.Fill("abc", n, audio.Clip{Body: make([]byte, 64), Duration: time.Second, Type: "audio/mpeg", Ext: ".mp3"})
	return r
}

// A call that was moved stays the same when its old request makes the next call.
func TestMoveTo(t *testing.T) {
	from, to := testRequest(1), testRequest(2)
	name := strings.Clone(from.AudioName)
	from.MoveTo(to)
	from.Patches, from.Units[0].ID, from.Frequencies[0].Hz = append(from.PatchRoom(), 9), 9, 9
	from.FillMarked("another", from.Clip)
	if to.AudioName != name || to.Number != 1 || to.Patches[0] != 1002 || to.Units[0].ID != 7 ||
		to.Frequencies[0].Hz != 851_012_500 {
		t.Errorf("moved %s as %+v", name, to.Call)
	}
	if to.RecordingBytes() != 0 {
		t.Error("a made call has a recording")
	}
	from.Recording = &Recording{Audio: make([]byte, 100)}
	if from.MoveTo(to); from.Recording != nil || to.RecordingBytes() != 100 {
		t.Errorf("a recording of %d bytes was moved", to.RecordingBytes())
	}
}

func TestFillDoesNotAllocate(t *testing.T) {
	r, clip := testRequest(1), testRequest(1).Clip
	if n := testing.AllocsPerRun(100, func() { r.Fill("abc", 7, clip) }); n > 0 {
		t.Errorf("%g allocations", n)
	}
}

func TestReplyText(t *testing.T) {
	for want, a := range map[string]Attempt{
		"no reply in time": {Detail: "no reply in time"},
		"503 busy":         {Status: 503, Detail: "busy"},
		"204":              {Status: 204},
	} {
		if got := a.ReplyText(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
