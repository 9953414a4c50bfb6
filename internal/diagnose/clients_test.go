package diagnose

import (
	"slices"
	"strings"
	"testing"

	"rdiostress/internal/measure"
)

// mixed is a run in which clients sent 100 calls each, of which none, or those with a date of their own, were taken.
func mixed(clients ...measure.ClientTotals) measure.Result {
	res := run(make([]float64, 20))
	res.Clients = clients
	res.Totals, res.Errors.HTTP = measure.Totals{UploadsPerS: 20}, map[string]uint64{}
	for _, c := range clients {
		res.Totals.Attempted += c.Attempted
		res.Totals.Accepted += c.Accepted
		res.Totals.Failed += c.Failed
		if c.Failed > 0 {
			res.Errors.HTTP["500"] += c.Failed - c.Busy
			res.Errors.HTTP["429"] += c.Busy
		}
	}
	return res
}

// What a client's form does to a server is not put down to its load; what else fails is.
func TestAFormThatIsNotReadIsNamed(t *testing.T) {
	unread := measure.FirstReply{
		Client: "voxcall", Status: 500, Reply: "Internal server error", Tries: 3,
		FormUnread: true,
	}
	sent := measure.ClientTotals{Client: "voxcall", Attempted: 100, Failed: 100, OnlyStatus: 500}
	good := measure.ClientTotals{Client: "sdrtrunk", Attempted: 100, Accepted: 100}
	for _, tt := range []struct {
		name    string
		clients []measure.ClientTotals
		first   measure.FirstReply
		want    []string
		left    float64 // share of server errors that are somebody else's
	}{
		{"alone", []measure.ClientTotals{sent}, unread, []string{"unreadable-calls"}, 0},
		{"beside another", []measure.ClientTotals{good, sent}, unread, []string{"unreadable-calls"}, 0},
		{
			"beside errors of another cause",
			[]measure.ClientTotals{
				{Client: "sdrtrunk", Attempted: 100, Accepted: 50, Failed: 50, OnlyStatus: 500},
				sent,
			},
			unread,
			[]string{"server-errors", "unreadable-calls"},
			0.25,
		},
		{
			"the first call failed, others did not",
			[]measure.ClientTotals{{Client: "voxcall", Attempted: 100, Accepted: 1, Failed: 99, OnlyStatus: 500}},
			unread,
			[]string{"server-errors"},
			0.99,
		},
		{
			"and a rate limit",
			[]measure.ClientTotals{{Client: "voxcall", Attempted: 100, Failed: 100, Busy: 40, OnlyStatus: 500}},
			unread,
			[]string{"unreadable-calls", "rate-limiting"},
			0,
		},
		{
			"the run's calls failed in another way",
			[]measure.ClientTotals{{Client: "voxcall", Attempted: 100, Failed: 100}},
			unread,
			[]string{"server-errors"},
			1,
		},
		{
			"every client's first call failed",
			[]measure.ClientTotals{sent},
			measure.FirstReply{Client: "voxcall", Status: 500, Tries: 3},
			[]string{"server-errors"},
			1,
		},
	} {
		res := mixed(tt.clients...)
		res.Target.FirstReplies = []measure.FirstReply{{Client: "sdrtrunk", Status: 200, Accepted: true}, tt.first}
		if got := ids(res, false); !slices.Equal(got, tt.want) {
			t.Errorf("%s: found %v, want %v", tt.name, got, tt.want)
		}
		near(t, allSignals(res), map[string]float64{"server_error_share": tt.left})
	}
	res := mixed(good, sent)
	res.Target.FirstReplies = []measure.FirstReply{unread}
	f := Findings(res, false, nil)[0]
	const want = "50 % of all uploads failed for who sent them, without any load: all 100 calls of voxcall, and its " +
		"first, sent alone, " +
		"were answered with 500 Internal server error"
	if !slices.Equal(f.Evidence, []string{want}) {
		t.Errorf("evidence %q", f.Evidence)
	}
}

// Duplicates name the window that the server wants, unless it cannot read the dates at all.
func TestDuplicatesNameTheWindow(t *testing.T) {
	duplicates := func(used float64, needed *float64, first ...measure.FirstReply) measure.Result {
		res := run(make([]float64, 20))
		res.Totals = measure.Totals{Attempted: 100, Accepted: 80, Failed: 20, UploadsPerS: 5}
		res.Errors.HTTP = map[string]uint64{"409": 20}
		res.ErrorDetails = []measure.ErrorDetail{{
			Class: "duplicate", Parent: "http", Status: 409, Count: 20,
			Sample: "duplicate",
		}}
		res.Scenario.DuplicateWindowS, res.Target.DuplicateWindowS, res.Target.FirstReplies = used, needed, first
		res.Clients = []measure.ClientTotals{{
			Client: "sdrtrunk", Attempted: 100, Accepted: 80, Failed: 20,
			OnlyStatus: 409,
		}}
		return res
	}
	ten := 10.0
	f := Findings(duplicates(0.5, &ten), false, flagged)
	if len(f) != 1 || f[0].ID != "duplicate-dropping" || f[0].Certainty != Certain ||
		!strings.HasPrefix(f[0].Fix, "Run with --duplicate-window 10s. ") {
		t.Errorf("found %+v, want the window to use", f)
	} else if !strings.Contains(f[0].Evidence[0], "no two of this run's calls of a talkgroup were within 500 ms") {
		t.Errorf("evidence %q", f[0].Evidence)
	}
	for name, res := range map[string]measure.Result{
		"as long as the run's": duplicates(10, &ten), "not known": duplicates(0.5, nil),
	} {
		f := Findings(res, false, flagged)
		if len(f) != 1 || f[0].ID != "duplicate-dropping" || strings.Contains(f[0].Fix, "Run with") ||
			!strings.Contains(f[0].Fix, "--duplicate-window") {
			t.Errorf("a window %s: %+v", name, f)
		}
	}
	undated := duplicates(0.5, nil,
		measure.FirstReply{Client: "sdrtrunk", Status: 201, Reply: "1970", DatesUnread: true})
	if got := ids(undated, false); !slices.Equal(got, []string{"unreadable-calls"}) {
		t.Errorf("found %v of dates that are not read", got)
	}
}
