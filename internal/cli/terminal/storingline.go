package terminal

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"rdiostress/internal/clock"
	"rdiostress/internal/delivery"
	"rdiostress/internal/plain"
	"rdiostress/internal/units"
)

// waitingFor begins the lines of the wait.
const waitingFor = "waiting for storage: "

// storingLine says how it stands with what is stored after the last reply.
func storingLine(p delivery.Progress) string {
	switch p.Stage {
	case delivery.Sending: // until the look has ended with which the wait begins
		return fmt.Sprintf("looking how many of the %d calls that were accepted are stored", p.Acknowledged)
	case delivery.Accounting, delivery.Concluded:
		line := fmt.Sprintf("comparing what is stored with the %d calls that were accepted", p.Acknowledged)
		if p.ToRead > 0 {
			line += fmt.Sprintf(": %d of %d read", p.Read, p.ToRead)
		}
		if p.ToRead > 0 && p.Left > 0 {
			line += fmt.Sprintf(", %s left", units.Elapsed(p.Left))
		}
		return line
	}
	line := waitingFor + fmt.Sprintf("%d of %d stored", p.Stored, p.Acknowledged)
	if p.Backlog == 0 && p.Err == nil { // by the server's count, in which calls of others can stand for missing ones
		line = waitingFor + fmt.Sprintf("some of %d calls not found yet", p.Acknowledged)
	}
	switch {
	case p.Err != nil:
		line += fmt.Sprintf(" when last seen; it cannot be read for now (%s)", plain.Reason(p.Err))
	case p.Idle > 0 && !p.Busy:
		line += ", nothing new for " + units.Elapsed(p.Idle)
	case p.Backlog == 0: // a rate and the time left say nothing
	case p.Others:
		line += ", the server is storing other calls"
	case p.PerS > 0:
		line += fmt.Sprintf(", %s, %s left", units.PerSecond(p.PerS), units.Elapsed(p.Left))
	default:
		line += ", none lately, but the server is at work"
	}
	return line + ", " + untilGivenUp(p.GivesUp)
}

// untilGivenUp says when the wait ends. That of a step of a search has no end of its own.
func untilGivenUp(left time.Duration) string {
	const day = 24 * time.Hour
	if left > day {
		return "until they are"
	}
	return "gives up in " + units.Elapsed(left)
}

// nextPlainLine is when the next line of a wait is due where no terminal shows it, since its start: at each doubling,
// from 5 s on, then one a minute.
func nextPlainLine(shown time.Duration) time.Duration {
	if shown < LineEvery {
		return LineEvery
	}
	return shown + min(shown, time.Minute)
}

// showStoringLines writes lines of a wait into a log until done is called.
func showStoringLines(w io.Writer, words func() string) (done func()) {
	due := LineEvery
	began := time.Now()
	return clock.Every(time.Second, func(last bool) {
		if waited := time.Since(began); !last && waited >= due {
			fmt.Fprintln(w, words())
			due = nextPlainLine(due)
		}
	})
}

// showStoringLine redraws a line of a wait on a terminal until done is called.
func showStoringLine(w io.Writer, words func() string) (done func()) {
	return clock.Every(time.Second, func(last bool) {
		text := clearLine
		if !last {
			text += withKey(words(), widthOf(w))
		}
		fmt.Fprint(w, text)
	})
}

// withKey adds to a line of a wait how it can be ended. Where the terminal is narrow, what is obvious makes way for
// that.
func withKey(line string, width int) string {
	const key = " (Ctrl-C: stop waiting)"
	if utf8.RuneCountInString(line+key) >= width {
		line = strings.TrimPrefix(line, waitingFor)
	}
	return fit(line+key, width)
}

// fit cuts a line to less than a width: one that is wrapped could not be redrawn.
func fit(line string, width int) string {
	if runes := []rune(line); len(runes) >= width {
		return string(runes[:max(width-2, 0)]) + "…"
	}
	return line
}
