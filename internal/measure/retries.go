package measure

// Retries is what became of calls whose first attempt failed and whose client sends such calls again. Those calls count
// in all other figures once, by how their last attempt ended. Of the Calls, each is in exactly one of Recovered,
// GivenUp, Pending and NotKept.
type Retries struct {
	Calls        uint64         `json:"calls"`         // whose first attempt failed
	Recovered    uint64         `json:"recovered"`     // that a repeat got through
	AlreadyThere uint64         `json:"already_there"` // of these: the server said that it had the call
	GivenUp      uint64         `json:"given_up"`      // whose last repeat failed too
	Pending      uint64         `json:"pending"`       // whose next repeat would have come after the end of sending
	NotKept      uint64         `json:"not_kept"`      // not sent again, as too many waited for that
	Sent         uint64         `json:"sent"`          // repeats
	Tries        []RetryAttempt `json:"tries"`         // repeats by their number, from 2 on
	Errors       Errors         `json:"errors"`        // how all failed attempts of these calls ended
}

// RetryAttempt are the repeats that were the second, third … attempt of their calls.
type RetryAttempt struct {
	Try          int    `json:"try"`
	Sent         uint64 `json:"sent"`
	Accepted     uint64 `json:"accepted"`
	AlreadyThere uint64 `json:"already_there"` // answered as duplicates
	Failed       uint64 `json:"failed"`
}

// RetryCount counts what Retries reports. It is not safe for concurrent use.
type RetryCount struct {
	Retries
	failures failureKinds
}

// Failed counts a failed attempt.
func (c *RetryCount) Failed(o *Outcome) { c.failures.add(o) }

// Repeat counts a repeat, the given attempt of its call, counted from 1: as accepted, as one of a call that the server
// said it had, else as failed.
func (c *RetryCount) Repeat(try int, accepted, there bool) {
	for len(c.Tries) < try-1 {
		c.Tries = append(c.Tries, RetryAttempt{Try: len(c.Tries) + 2})
	}
	t := &c.Tries[try-2]
	c.Sent++
	t.Sent++
	switch {
	case accepted:
		t.Accepted++
	case there:
		t.AlreadyThere++
	default:
		t.Failed++
	}
}

// Report sums the count up.
func (c *RetryCount) Report() *Retries {
	out := c.Retries
	if out.Tries == nil {
		out.Tries = []RetryAttempt{}
	}
	out.Errors, _ = c.failures.report()
	return &out
}
