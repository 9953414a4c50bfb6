package preflight

import (
	"fmt"
	"strings"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/upload"
)

// warn adds a warning, with the client's name if the mix has others.
func (p *run) warn(c rdio.Client, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if len(p.target.Clients()) > 1 {
		text = c.String() + ": " + text
	}
	p.learned.Warnings = append(p.learned.Warnings, text)
}

// warnOfReply warns if the reply to a client's first call is odd.
func (p *run) warnOfReply(c rdio.Client, a *upload.Attempt, r *measure.FirstReply) {
	switch {
	case r.DatesUnread:
		p.warn(c, "%s does not tell calls of %v apart by their dates, and takes those of a talkgroup for duplicates "+
			"of each other: %s", p.server(), c, p.describeDates(a))
	case r.FormUnread:
		p.warn(c, "%s cannot read what %v sends: it answered a first call, sent alone, with %s, and takes calls of "+
			"another client", p.server(), c, a.ReplyText())
	case !r.Accepted:
		p.warn(c, "the server answered a first call with %s; running all the same", a.ReplyText())
	case !speaksRdio(r.Reply) && p.learned.Server != ServerTREngine:
		p.warn(c, "the server answered a first call with %d %s: %v takes that for success by its status, whatever "+
			"it says",
			a.Status, r.Reply, c)
	}
}

// describeDates says what shows that the server does not read a client's dates.
func (p *run) describeDates(a *upload.Attempt) string {
	if date, ok := startTime(p.Text); ok {
		return fmt.Sprintf("it takes %s for the date of a first call", date.UTC().Format("2006-01-02 15:04:05"))
	}
	return fmt.Sprintf("it answered %d first calls, dated more than %v apart, with %s", probeDates, p.distance,
		a.ReplyText())
}

// server returns the name of the server.
func (p *run) server() string {
	if p.learned.Server == "" {
		return "the server"
	}
	return p.learned.Server
}

// warnOfServer names the clients that would not feed this server, although the calls that they send here count as
// accepted.
func (p *run) warnOfServer() {
	if p.learned.Server != ServerTREngine {
		return
	}
	var fail []string
	for _, c := range p.target.Clients() {
		if !c.TakesCreated() {
			fail = append(fail, c.String())
		}
	}
	if len(fail) > 0 {
		p.learned.Warnings = append(p.learned.Warnings, fmt.Sprintf(
			"tr-engine answers 201 for a call that it has stored, which counts as accepted here; to the real %s "+
				"that is a failure", strings.Join(fail, ", ")))
	}
	if p.hasClient(rdio.SDRTrunk) {
		p.learned.Warnings = append(p.learned.Warnings,
			"tr-engine does not know SDRTrunk's connection test: SDRTrunk itself sends it no calls")
	}
}
