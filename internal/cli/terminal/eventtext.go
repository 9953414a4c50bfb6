package terminal

import (
	"fmt"
	"time"

	"rdiostress/internal/judge"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/units"
)

// activityText says what is done before a run.
func activityText(a event.Activity) string {
	switch a {
	case event.StartingServer:
		return "starting the bundled server"
	case event.PreparingAudio:
		return "preparing the calls' audio"
	case event.Connecting:
		return "connecting to the server"
	case event.OpeningWatch:
		return "finding out what can be watched"
	case event.OpeningVerification:
		return "finding where calls are stored"
	case event.SendingFirstCalls:
		return "checking whether the server accepts calls"
	case event.ReadingTalkgroups:
		return "finding out which talkgroups the server knows"
	default:
		return "priming: waiting until the server is idle"
	}
}

// awaitingStartText says how long a run still waits for its start, and why.
func awaitingStartText(e event.AwaitingStart, left time.Duration) string {
	return fmt.Sprintf("waiting %s: a run may have just ended, and calls that begin within %s are duplicates to this "+
		"server",
		units.Elapsed(max(left, 0)), units.Compact(e.Window))
}

// storageFoundText says which database is looked at.
func storageFoundText(e event.StorageFound) string {
	return fmt.Sprintf("verifying storage in %s (%s), found %s", e.Where, e.Source, e.How)
}

// windowText says how far calls are dated apart.
func windowText(e event.WindowLearned) string {
	return fmt.Sprintf("calls of a talkgroup begin more than %s apart, as this server takes others for duplicates",
		units.Compact(e.Window))
}

// primingBeganText says what is going to be sent.
func (s Screen) primingBeganText(e event.PrimingBegan) string {
	line := fmt.Sprintf("one call of each of %d talkgroups comes before the run", e.Talkgroups)
	if e.Auto {
		line += s.Names.Text(", as this server may have to learn of them ({prime}=off leaves that out)")
	}
	if known := e.KnownBefore; known != nil && *known > 0 {
		line += fmt.Sprintf("; it knows the other %d", *known)
	}
	if e.Unseen != "" {
		line += "; " + e.Unseen
	}
	return line
}

// primedText says what came of priming.
func primedText(e event.Primed) string {
	known := e.KnownBefore
	switch {
	case e.Calls == 0 && known != nil && *known == e.Talkgroups:
		return fmt.Sprintf("the server knows all %d talkgroups of this run: none is primed", e.Talkgroups)
	case e.Calls == 0 && known != nil:
		return fmt.Sprintf("the server knows %d of %d talkgroups: none is primed", *known, e.Talkgroups)
	case e.Stored == nil:
		return fmt.Sprintf("priming: the server took calls of %d talkgroups in %s", e.Learned,
			units.Duration(e.DurationS))
	default:
		return fmt.Sprintf("priming: the server learned %d talkgroups in %s", e.Learned,
			units.Duration(e.DurationS))
	}
}

// warningText says what to know before a run; empty for an event that is no warning.
func (s Screen) warningText(e event.Event) string {
	switch e := e.(type) {
	case event.Warning:
		return s.Names.Text(e.Text)
	case event.StorageUnreadable:
		return s.Names.Textf("storage is not verified: %s; {verify} can name it", e.Why)
	case event.WindowIgnored:
		return s.Names.Textf("this server takes calls of a talkgroup that begin within %v for duplicates; "+
			"{duplicate_window} is %v", e.Server, e.Scenario)
	case event.TalkgroupsUnknown:
		return s.talkgroupsText(e)
	case event.FewUniqueCalls:
		return s.Names.Textf("with these %d talkgroups, a run of up to %s has %s calls a second that are "+
			"no duplicates of each other: name more with {talkgroups}", e.Talkgroups, units.Compact(e.Length),
			units.Whole(e.PerSecond))
	default:
		return ""
	}
}

// talkgroupsText says how many talkgroups the server does not know, why if that is known, and what is done about it.
func (s Screen) talkgroupsText(e event.TalkgroupsUnknown) string {
	does := "may not know"
	if e.Certain {
		does = "does not know"
	}
	words := fmt.Sprintf("the server %s %d of the %d talkgroups of this run yet", does, e.Unknown, e.Of)
	switch {
	case e.Refused != "":
		words += fmt.Sprintf(" (it answered %s)", e.Refused)
	case e.TimeUp > 0:
		words += s.Names.Textf(", after %s ({prime_max})", units.Compact(e.TimeUp))
	case e.Stored != nil:
		words += fmt.Sprintf(" (of %d calls that it accepted, it has stored %d)", *e.Accepted, *e.Stored)
	}
	switch e.Then {
	case event.LearnByFirstCalls:
		return words + ": their first calls have it learn them"
	case event.LeaveOut:
		return words + ": the run does without them"
	default:
		return words + ", and without them there are too few for this run: it uses all"
	}
}

// noteText says what was found out and decided before a run; empty for an event that is no such note.
func (s Screen) noteText(e event.Event) string {
	switch e := e.(type) {
	case event.StorageFound:
		return storageFoundText(e)
	case event.WindowLearned:
		return windowText(e)
	case event.PrimingBegan:
		return s.primingBeganText(e)
	case event.Primed:
		return primedText(e)
	default:
		return ""
	}
}

// alertText says that an alert of a run opens or closes, what a crash test does, or sums up an hour of the run; empty
// for another event.
func alertText(e event.Event) string {
	at := func(at time.Duration, words string) string {
		return units.Elapsed(at) + ": " + words
	}
	switch e := e.(type) {
	case event.AlertChanged:
		return at(e.At, e.String())
	case event.MemoryAlert:
		if e.Alert == nil {
			return at(e.At, "high alert over: memory growth")
		}
		return at(e.At, judge.AlertChange{Alert: *e.Alert, Opened: true}.String())
	case event.HourEnded:
		return e.String()
	case event.ServerKilled, event.ServerAnswered:
		return crashText(e)
	default:
		return ""
	}
}

// crashText says what the crash test has done, or has come to.
func crashText(e event.Event) string {
	if killed, ok := e.(event.ServerKilled); ok {
		return units.Elapsed(killed.At) + ": the crash test has killed the server; it does not answer yet"
	}
	answered, _ := e.(event.ServerAnswered) // there are no others
	return units.Elapsed(answered.At) + ": the server answers again"
}

// line is a line about what goes on.
func line(text string) string { return "rdiostress: " + text }

// transcriptsText says how far the transcripts are after the run.
func transcriptsText(e event.AwaitingTranscripts) string {
	return fmt.Sprintf("waiting for transcripts: %s of %s made, %s",
		units.Count(e.Made), units.Plural(e.Calls, "call"), untilGivenUp(e.GivesUp))
}
