package diagnose

import (
	"fmt"
	"strings"
	"time"

	"rdiostress/internal/field"
	"rdiostress/internal/measure"
)

// clients takes uploads that failed because of their client out of the shares of failures that would blame the server.
// What the first call of each client showed before the run tells which.
func (s Signals) clients(res *measure.Result) {
	var unread, undated []string
	for _, first := range res.Target.FirstReplies {
		for _, c := range res.Clients {
			if c.Client != first.Client {
				continue
			}
			if isUnread(&first, &c) {
				n := c.Failed - c.Busy
				s.withdrawReplies(c.OnlyStatus, n, res)
				s.setShare("unreadable_share", n, res)
				unread = append(unread, unreadText(&first, &c, n))
			}
			if first.DatesUnread {
				undated = append(undated,
					fmt.Sprintf("%s: a first call was answered with %d %s", c.Client, first.Status, first.Reply))
			}
		}
	}
	if len(unread) > 0 {
		s.setWithNote("unreadable_share", s["unreadable_share"].Value, Share, strings.Join(unread, "; "))
	}
	if len(undated) > 0 {
		s.setWithNote("dates_unread", 1, Truth, strings.Join(undated, "; "))
	}
}

// isUnread reports whether the server could read no call of a client.
func isUnread(first *measure.FirstReply, c *measure.ClientTotals) bool {
	return c.Client == first.Client && first.FormUnread && c.Accepted == 0 && c.OnlyStatus == first.Status
}

// readable returns the failures without those of clients that the server cannot read.
func readable(res *measure.Result) (details []measure.ErrorDetail) {
	unread := make(map[int]uint64) // by status
	for _, first := range res.Target.FirstReplies {
		for _, c := range res.Clients {
			if isUnread(&first, &c) {
				unread[c.OnlyStatus] += c.Failed - c.Busy
			}
		}
	}
	for _, d := range res.ErrorDetails {
		taken := min(d.Count, unread[d.Status])
		unread[d.Status] -= taken
		if d.Count -= taken; d.Count > 0 {
			details = append(details, d)
		}
	}
	return details
}

// unreadText says how the server answered calls that it cannot read.
func unreadText(first *measure.FirstReply, c *measure.ClientTotals, n uint64) string {
	which := fmt.Sprintf("all %d calls", n)
	if c.Busy > 0 {
		which = fmt.Sprintf("all %d calls that the server was not too busy for", n)
	}
	return fmt.Sprintf("%s of %s, and its first, sent alone, were answered with %d %s",
		which, c.Client, first.Status, first.Reply)
}

// withdrawReplies takes uploads with a status out of its share of failures.
func (s Signals) withdrawReplies(status int, count uint64, res *measure.Result) {
	name := statusSignal(status)
	names := []string{name}
	if isServerError(status) {
		names = append(names, "server_error_share")
	}
	for _, name := range names {
		signal, ok := s[name]
		if !ok {
			continue
		}
		signal.Value = max(0, signal.Value-float64(count)/float64(res.Totals.Attempted))
		s[name] = signal
	}
}

// duplicateWindow compares how far apart calls of a talkgroup began with how far apart the server wants them.
func (s Signals) duplicateWindow(res *measure.Result, names field.Namer) {
	used, needed := res.Scenario.DuplicateWindowS, res.Target.DuplicateWindowS
	if used > 0 {
		s.set("duplicate_window", used, Seconds)
	}
	if needed != nil && *needed > used {
		window := time.Duration(*needed * float64(time.Second))
		s.setWithNote("duplicate_window_needed", *needed, Seconds,
			names.Textf("Run with {duplicate_window} %v.", window))
	}
}
