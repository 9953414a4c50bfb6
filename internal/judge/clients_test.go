package judge

import (
	"strings"
	"testing"

	"rdiostress/internal/measure"
	"rdiostress/internal/testenv/results"
)

// Calls that clients did not send, as they had stopped, are not laid to upload slots.
func TestUnsentByClients(t *testing.T) {
	res := results.Unsent()
	if why := unsentBecause(&res); !strings.Contains(why, "slots were busy") {
		t.Errorf("without such clients: %q", why)
	}
	res.ClientBehavior = []measure.ClientBehavior{
		{Client: "sdrtrunk", Left: res.Totals.Unsent - 100, Outdated: 40, Pauses: 2, Tests: 9, TestsPassed: 3},
		{Client: "voxcall", Left: 60},
	}
	want := "the clients had stopped after failed uploads, or had never connected (940 calls)"
	if why := unsentBecause(&res); why != want {
		t.Errorf("%q, want %q", why, want)
	}
	res.ClientBehavior[0].Left = 300
	if why := unsentBecause(&res); !strings.Contains(why, "slots were busy") {
		t.Errorf("where most wait for a slot: %q", why)
	}
}
