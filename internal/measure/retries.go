package measure

// Retries says what became of calls whose first attempt failed and whose client retries. These calls count once in all
// other figures, by how their last attempt ended. Each of the Calls is in exactly one of Recovered, GivenUp, Pending
// and NotKept.
type Retries struct {
	Calls        uint64         `json:"calls"`         // calls whose first attempt failed
	Recovered    uint64         `json:"recovered"`     // accepted by a retry
	AlreadyThere uint64         `json:"already_there"` // of these: the server said that it already had the call
	GivenUp      uint64         `json:"given_up"`      // the last retry failed too
	Pending      uint64         `json:"pending"`       // the next retry was due after sending ended
	NotKept      uint64         `json:"not_kept"`      // not retried, because too many calls waited
	Sent         uint64         `json:"sent"`          // retries
	Tries        []RetryAttempt `json:"tries"`         // retries by attempt number, from 2 on
	Errors       Errors         `json:"errors"`        // how all failed attempts of these calls ended
}

// RetryAttempt counts the retries that were the second, third … attempt of their calls.
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

// Repeat counts a retry, which is the given attempt of its call, counted from 1: as accepted, as a call that the server
// already had, or as failed.
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

// Report summarises the counts.
func (c *RetryCount) Report() *Retries {
	out := c.Retries
	if out.Tries == nil {
		out.Tries = []RetryAttempt{}
	}
	out.Errors, _ = ReportFailures(c.failures)
	return &out
}
