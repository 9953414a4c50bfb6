package report

import (
	"fmt"

	"rdiostress/internal/measure"
)

// retries shows what came of sending failed calls again.
func (p *page) retries(r *measure.Retries) {
	if r == nil {
		return
	}
	p.section("Failed calls sent again")
	if r.Calls == 0 {
		p.note("No first attempt failed.", p.ink.dim)
		return
	}
	rows := make([][]string, len(r.Tries))
	for i, t := range r.Tries {
		rows[i] = []string{
			fmt.Sprintf("attempt %d", t.Try), count(t.Sent), count(t.Accepted), count(t.AlreadyThere), p.ink.redIf(t.Failed > 0, count(t.Failed)),
		}
	}
	if len(rows) > 0 {
		p.grid([]string{"", "sent", "accepted", "already there", "failed"}, rows, "lrrrr")
	}
	words := fmt.Sprintf("Of %s whose first attempt failed, repeats got %s through", plural(r.Calls, "call"), count(r.Recovered))
	for _, part := range []struct {
		n    uint64
		what string
	}{
		{r.GivenUp, "given up after the last repeat"},
		{r.Pending, "to be sent again only after the end"},
		{r.NotKept, "not sent again, as too many waited for it"},
	} {
		if part.n > 0 {
			words += fmt.Sprintf("; %s %s %s", count(part.n), were(part.n), part.what)
		}
	}
	p.note(words+". Each call counts once, by its last attempt, from when it was first due.", p.ink.dim)
}

// checkRetries makes sure that each call and each repeat is counted once.
func checkRetries(r *measure.Retries) error {
	if r == nil {
		return nil
	}
	for _, n := range []uint64{r.Calls, r.Recovered, r.AlreadyThere, r.GivenUp, r.Pending, r.NotKept, r.Sent} {
		if n > maxCount {
			return fmt.Errorf("retries: a count of %d is not possible", n)
		}
	}
	if r.Recovered+r.GivenUp+r.Pending+r.NotKept != r.Calls {
		return fmt.Errorf("retries: the counts do not add up to the %d calls", r.Calls)
	}
	var sent, through uint64
	for _, t := range r.Tries {
		for _, n := range []uint64{t.Sent, t.Accepted, t.AlreadyThere, t.Failed} {
			if n > maxCount {
				return fmt.Errorf("retries: a count of %d is not possible", n)
			}
		}
		if t.Accepted+t.AlreadyThere+t.Failed != t.Sent {
			return fmt.Errorf("retries: attempt %d: the counts do not add up to the %d that were sent", t.Try, t.Sent)
		}
		sent, through = sent+t.Sent, through+t.Accepted+t.AlreadyThere
	}
	if sent != r.Sent || through != r.Recovered {
		return fmt.Errorf("retries: the attempts do not add up to %d sent and %d calls got through", r.Sent, r.Recovered)
	}
	return nil
}
