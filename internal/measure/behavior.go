package measure

// ClientBehavior is how one kind of client went about its calls, over the whole run, where clients queue calls, send
// failed ones again, pause and give up as the real ones do. Of the Due, each call is in exactly one of Sent, Outdated,
// NotKept and Left.
type ClientBehavior struct {
	Client   string `json:"client"`
	Programs uint64 `json:"programs"` // with a queue of their own, one for each system; 0 where the client has none
	Due      uint64 `json:"due"`      // calls whose recording was complete
	Sent     uint64 `json:"sent"`     // of these, those that were sent at least once
	Outdated uint64 `json:"outdated"` // dropped unsent, as they were too old when the client could send again
	NotKept  uint64 `json:"not_kept"` // not sent, as too many waited
	Left     uint64 `json:"left"`     // still waiting, or on their way to an upload slot, when sending ended

	GivenUp      uint64 `json:"given_up"`      // of the sent ones, those that failed and are never sent again
	Repeats      uint64 `json:"repeats"`       // uploads of calls that had failed
	AlreadyThere uint64 `json:"already_there"` // of the repeated calls, those that the server said it had
	// Of the repeated calls, those that were accepted though the server may have stored them before, when the answer
	// was lost or an error: it may have them twice.
	MayBeDoubled uint64 `json:"may_be_doubled"`

	// QueueMeanS is how long a call waited in the client's own queue for the next time at which it sends calls. That is
	// the client's doing, and in no response time.
	QueueMeanS float64 `json:"queue_mean_s"`
	// Late are the calls that were sent later than if no upload had failed: after a pause, or by a repeat. How late is
	// in their response times, which count from when the client would have sent them.
	Late         uint64  `json:"late"`
	LateMeanS    float64 `json:"late_mean_s"`
	LateMaxS     float64 `json:"late_max_s"`
	LargestBurst uint64  `json:"largest_burst"` // most calls that one program sent at the same time

	Pauses      uint64  `json:"pauses"`   // how often a failed upload has stopped a program
	PausedS     float64 `json:"paused_s"` // for how long, added up over all programs
	Tests       uint64  `json:"tests"`    // connection tests, which are no uploads
	TestsPassed uint64  `json:"tests_passed"`
	TestAnswer  string  `json:"test_answer,omitempty"` // how the last one was answered that did not pass

	Redirects uint64 `json:"redirects"` // uploads that were sent once more, to where a reply redirected them
	// Most connections that were kept open at once though they were answered.
	HeldConnections uint64 `json:"held_connections"`
}

// Waits adds up times.
type Waits struct {
	count     uint64
	sum, most float64
}

// Add adds a time in seconds.
func (w *Waits) Add(seconds float64) {
	w.count++
	w.sum += seconds
	w.most = max(w.most, seconds)
}

// Join adds all times of another sum.
func (w *Waits) Join(o Waits) {
	w.count += o.count
	w.sum += o.sum
	w.most = max(w.most, o.most)
}

// Count returns how many times were added.
func (w *Waits) Count() uint64 { return w.count }

// Mean returns the mean; 0 without any.
func (w *Waits) Mean() float64 {
	if w.count == 0 {
		return 0
	}
	return w.sum / float64(w.count)
}

// Max returns the longest.
func (w *Waits) Max() float64 { return w.most }
