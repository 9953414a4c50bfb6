package scenario

import (
	"testing"
	"time"
)

func TestReplayIsNotTooLong(t *testing.T) {
	r := Replay{Recordings: 10, Span: time.Second, Speed: 100_000}
	if err := r.validate(time.Minute); err == nil {
		t.Error("a replay of 69 days is taken")
	}
}
