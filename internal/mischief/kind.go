package mischief

import (
	"cmp"
	"slices"

	"rdiostress/internal/measure"
)

// kind is one way to misbehave.
type kind struct {
	name string
	// hazard marks a kind that some servers in use do not survive. It is sent only if it is requested by name.
	hazard bool
	// what describes it, for the middle of a sentence.
	what string
	// may are the ends that a sound server may choose.
	may []end
	// most is how many requests may be in flight at once; 0 means usual.
	most int
	make func(*maker) request
}

// usual is how many requests of one kind may be in flight at once. Slow requests take long; further ones are not sent
// but counted.
const usual = 16

func (k *kind) limit() int { return cmp.Or(k.most, usual) }

// kinds are all kinds. If a server may accept a kind, its call is valid in everything that RdioScanner servers check.
func kinds() []kind {
	either, refuse := []end{accepted, refused}, []end{refused}
	return []kind{
		{name: "truncated", what: "a form that ends in the middle of its audio", may: refuse, make: (*maker).truncated},
		{
			name: "slow", what: "a valid call that takes 20 s to arrive",
			may: []end{accepted, refused, closedLate}, make: (*maker).slow,
		},
		{
			name: "stalled", what: "an upload that stops half-way and keeps its connection",
			may: []end{refused, closed, closedLate}, make: (*maker).stalled,
		},
		{name: "malformed", what: "a request that is no proper form", may: refuse, make: (*maker).malformed},
		{name: "wrong-key", what: "a valid call with a wrong key", may: refuse, make: (*maker).wrongKey},
		{
			name: "oversize", what: "an upload that announces 4 GiB",
			may: []end{refused, closed, closedLate}, most: 1, make: (*maker).oversize,
		},
		{
			name: "abort", what: "an upload whose client hangs up half-way",
			may: []end{refused, closed, closedLate}, make: (*maker).abort,
		},
		{name: "no-audio", what: "a call without audio", may: refuse, make: (*maker).noAudio},
		{name: "bad-date", what: "a call whose date cannot be read", may: refuse, make: (*maker).badDate},
		{name: "garbage-audio", what: "a call whose audio is noise", may: either, make: (*maker).garbageAudio},
		{
			name: "path-traversal", what: "a call whose file name leads out of the server's folder",
			may: either, make: (*maker).pathTraversal,
		},

		{name: "future-time", hazard: true, what: "a call from an hour ahead", may: either, make: (*maker).futureTime},
		{
			name: "quote-in-name", hazard: true, what: "a call with a quote in its file name",
			may: either, make: (*maker).quoteInName,
		},
		{
			name: "label-without-number", hazard: true, what: "a call of a new system with labels and no numbers",
			may: either, make: (*maker).labelOnly,
		},
		{
			name: "unknown-system", hazard: true, what: "a call of a system that the server does not know",
			may: either, make: (*maker).unknownSystem,
		},
		{
			name: "unknown-talkgroup", hazard: true, what: "a call of a talkgroup that the server does not know",
			may: either, make: (*maker).unknownTalkgroup,
		},
	}
}

// Names returns the names of all kinds, the hazards last.
func Names() (harmless, hazards []string) {
	for _, k := range kinds() {
		if k.hazard {
			hazards = append(hazards, k.name)
		} else {
			harmless = append(harmless, k.name)
		}
	}
	return harmless, hazards
}

// end is how a request ended.
type end int

const (
	accepted    end = iota // 200 with the text for an imported call, or another 2xx
	refused                // 4xx, or 200 with another text
	busy                   // 429, 503 or 507
	serverError            // any other 5xx
	odd                    // another status
	notHTTP
	closed      // without an answer, soon
	closedLate  // without an answer, after patience
	timeout     // no answer in time
	unlimited   // the server read more than any call can have, and did not stop
	unreachable // no connection
	cutShort    // cut short by the end of the run
)

// problem returns the name of a finding of an end.
func (e end) problem() string {
	switch e {
	case accepted:
		return "accepted"
	case serverError:
		return "server_error"
	case notHTTP:
		return "not_http"
	case closed, closedLate:
		return "closed"
	case timeout:
		return "timeout"
	case unlimited:
		return "unlimited"
	default:
		return "odd_answer"
	}
}

// judge counts an end, and reports whether no sound server chooses it for that kind.
func (k *kind) judge(e end, tally *measure.MischiefKind) (unsound bool) {
	switch {
	case e == busy:
		tally.Busy++
	case e == unreachable:
		tally.Unreachable++
	case e == cutShort:
		tally.Unfinished++
	case slices.Contains(k.may, e):
		tally.Sound++
	default:
		tally.Unsound++
		return true
	}
	return false
}

// title describes in one line what the server did.
func (k *kind) title(e end, status string) string {
	switch e {
	case accepted:
		return "accepted " + k.what
	case serverError, odd:
		return "answered " + status + " to " + k.what
	case notHTTP:
		return "answered with something that is not HTTP to " + k.what
	case closed, closedLate:
		return "closed the connection without an answer on " + k.what
	case timeout:
		return "gave no answer in time to " + k.what
	case unlimited:
		return "took in 128 MiB of " + k.what
	default:
		return "ended oddly: " + k.what
	}
}
