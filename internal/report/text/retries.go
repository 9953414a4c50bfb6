package text

import (
	"fmt"

	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// retries shows the outcome of sending failed calls again.
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
			fmt.Sprintf("attempt %d",
				t.Try), units.Count(t.Sent), units.Count(t.Accepted), units.Count(t.AlreadyThere),
			p.ink.redIf(t.Failed > 0, units.Count(t.Failed)),
		}
	}
	if len(rows) > 0 {
		p.grid([]string{"", "sent", "accepted", "already there", "failed"}, rows, "lrrrr")
	}
	p.note(repeatsText(r)+". Each call counts once, by its last attempt, from when it was first due.", p.ink.dim)
}

// repeatsText says what became of the calls whose first attempt failed.
func repeatsText(r *measure.Retries) string {
	words := fmt.Sprintf("Of %s whose first attempt failed, repeats got %s through", units.Plural(r.Calls, "call"),
		units.Count(r.Recovered))
	for _, part := range []struct {
		n    uint64
		what string
	}{
		{r.GivenUp, "given up after the last repeat"},
		{r.Pending, "to be sent again only after the end"},
		{r.NotKept, "not sent again, as too many waited for it"},
	} {
		if part.n > 0 {
			words += fmt.Sprintf("; %s %s %s", units.Count(part.n), units.Were(part.n), part.what)
		}
	}
	return words
}
