package cli

import (
	"bytes"
	"testing"
	"time"

	"rdiostress/internal/stt"
)

// The summary names only what has happened, and nothing in it from outside begins a line or moves the cursor.
func TestSTTSummary(t *testing.T) {
	for want, s := range map[string]stt.Stats{
		"0 requests: 0 answered\n": {},
		"1 request: 1 answered; at most 1 at once, first after 500 ms\n": {
			Requests: 1, Done: 1, Busiest: 1, BusiestAt: 500 * time.Millisecond,
		},
		"1,234 requests in 2 min (10.3/s): 1,200 answered, 12 failed with 500, 10 limited with 429, 5 refused " +
			"with 503, since the queue was full, 4 bad, 3 given up by their clients; at most 40 at once, first " +
			"after 30 s\n" +
			"the last bad request: the name [2J has no end\n": {
			Requests: 1234, Done: 1200, Failed: 12, Limited: 10, Full: 5, Wrong: 4, Left: 3, Busiest: 40,
			BusiestAt: 30 * time.Second, Took: 2 * time.Minute, LastWrong: "the name\n\x1b[2J has no end",
		},
	} {
		var got bytes.Buffer
		if err := summariseSTT(&got, s); err != nil || got.String() != want {
			t.Errorf("%q, %v, want %q", got.String(), err, want)
		}
	}
}
