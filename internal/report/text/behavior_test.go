package text

import (
	"strings"
	"testing"

	"rdiostress/internal/measure"
)

// The table has what each client did with its calls, and a sentence says why.
func TestBehavior(t *testing.T) {
	p := newPage(Options{Width: 120})
	p.behavior([]measure.ClientBehavior{
		{
			Client: "sdrtrunk", Programs: 4, Due: 3000, Sent: 2880, Outdated: 50, NotKept: 10, Left: 60, GivenUp: 12,
			QueueMeanS: 0.249, Late: 410, LateMeanS: 44.1, LateMaxS: 96.5, LargestBurst: 220, Pauses: 3, PausedS: 196,
			Tests: 25, TestsPassed: 7, TestAnswer: "502 an\nHTML page", Redirects: 2,
		},
		{Client: "trunk-recorder", Due: 700, Sent: 700, GivenUp: 2, Repeats: 31, AlreadyThere: 4, MayBeDoubled: 5},
		{Client: "rdio-scanner", Due: 1, Sent: 1, HeldConnections: 1},
		{Client: "voxcall", Due: 1, Sent: 1},
	})
	text := strings.Join(strings.Fields(p.text.String()), " ")
	for _, want := range []string{
		"sdrtrunk 3,000 2,880 120 12 410 0 0", "trunk-recorder 700 700 0 2 0 31 5",
		"sdrtrunk: 4 programs, each with its queue: up to 220 calls sent at once",
		"stopped 3 times by failed uploads, for 3 min 16 s in all",
		`7 of 25 connection tests passed, others were answered "502 an HTML page"`,
		"50 calls dropped as too old; 10 calls dropped as too many waited; 60 calls unsent at the end",
		"2 redirects followed.",
		"5 calls accepted again that the server may have stored before; the server said of 4 calls",
		"rdio-scanner: 1 connection kept open at once after their answers.",
		"Response times count from when a client would have sent the call",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, p.text.String())
		}
	}
	if strings.Contains(text, "voxcall:") {
		t.Errorf("of a client of which there is nothing to say:\n%s", p.text.String())
	}
	empty := newPage(Options{})
	if empty.behavior(nil); empty.text.Len() > 0 {
		t.Errorf("without such clients: %q", empty.text.String())
	}
}
