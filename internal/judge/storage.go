package judge

import (
	"fmt"
	"strings"

	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// NotChecked says why a run that did not verify delivery has no counts.
const NotChecked = "this run did not check what was stored"

// Storage says in a word what became of the acknowledged calls.
type Storage string

// What can have become of them. A call that is stored otherwise than it was sent is as lost as one that is not stored.
const (
	StorageVerified Storage = "verified" // all of them are stored
	StoragePending  Storage = "pending"  // none is lost, and some were not stored yet when the wait for them ended
	StorageLost     Storage = "lost"     // some are not stored, or not as they were sent
	StorageUnknown  Storage = "unknown"  // nobody looked, or looking failed
)

// StorageOf judges what was seen of storing.
func StorageOf(res measure.Result) Storage {
	d := res.Delivery
	switch {
	case d.Failed:
		return StorageUnknown
	case lost(res) > 0:
		return StorageLost
	case d.Acknowledged == nil || d.Stored == nil:
		return StorageUnknown
	case measure.OrZero(d.Pending) > 0:
		return StoragePending
	default:
		return StorageVerified
	}
}

// unknown tells whether it is not known what became of the acknowledged calls.
func unknown(res measure.Result) bool { return StorageOf(res) == StorageUnknown }

// waysToLook are how storage can be checked.
const waysToLook = "--verify sqlite:FILE, postgres://…, mysql://… or sink=ADDRESS"

// storageWarnings says, where it is not known what was stored, that it is not, how it can be, and what an answer of the
// server's is worth.
func storageWarnings(res measure.Result) (lines []string) {
	if !unknown(res) || noSample(res) {
		return nil
	}
	d := res.Delivery
	switch {
	case d.Failed: // which is among the reasons
		lines = append(lines, "storage is not known: accepted is the server's word, not proof of storage")
	default:
		lines = append(lines, fmt.Sprintf("storage was not checked%s: accepted is the server's word; check it with %s",
			whyNot(d), waysToLook))
	}
	if res.Target.AcknowledgesFirst {
		lines = append(lines, fmt.Sprintf("the server is %s, which answers 200 before it stores a call: "+
			"a 200 from it does not mean stored", orWords(res.Target.Server, "one")))
	}
	return lines
}

func orWords(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// whyNot says in brackets why nobody looked, if that is known.
func whyNot(d measure.Delivery) string {
	if d.Absent == "" || d.Absent == NotChecked {
		return ""
	}
	return " (" + d.Absent + ")"
}

// behindPercent is how far a server may end behind what it accepted, if it does not make up for that while it is waited
// for.
const behindPercent = 10

// leftBehind tells whether the server ended so far behind what it had accepted, and was still behind when the wait was
// over.
func leftBehind(d measure.Delivery) bool {
	pending := measure.OrZero(d.Pending)
	return pending > 0 && max(measure.OrZero(d.BacklogEnd), pending)*100 > measure.OrZero(d.Acknowledged)*behindPercent
}

// mostGiven is how many of the reasons that the server gave are told in a line.
const mostGiven = 3

// givenReasons says what the server's log says of missing calls; empty if it says nothing.
func givenReasons(d measure.Delivery) string {
	var parts []string
	told, all := uint64(0), measure.OrZero(d.Missing)
	for _, r := range d.Reasons {
		if r.Fate != measure.FateMissing || len(parts) == mostGiven {
			continue
		}
		told += r.Count
		of := units.Count(r.Count)
		switch {
		case r.Count == all && all == 1:
			of = "it"
		case r.Count == all:
			of = "all " + of
		}
		parts = append(parts, fmt.Sprintf("for %s: %s", of, r.Reason))
	}
	if len(parts) == 0 {
		return ""
	}
	line := fmt.Sprintf("%s missing; the server's log says %s", units.Count(all), strings.Join(parts, "; "))
	if rest := all - min(told, all); rest > 0 {
		line += fmt.Sprintf("; and other things or nothing for %s", units.Count(rest))
	}
	return line
}

// StaleText says how old the counts are, where what is stored could not be read in the end.
func StaleText(d measure.Delivery) string {
	if d.AgeS == nil {
		return ""
	}
	return fmt.Sprintf("what is stored was last read %s before the end (%s)", units.Duration(*d.AgeS), d.Unread)
}
