package judge

import (
	"cmp"
	"fmt"
	"strings"

	"rdiostress/internal/field"
	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// NotChecked says why a run that did not verify delivery has no counts.
const NotChecked = "this run did not check what was stored"

// Storage says in one word what became of the acknowledged calls.
type Storage string

// The possible values. A call that is stored altered is as lost as one that is not stored.
const (
	StorageVerified Storage = "verified" // all calls are stored
	StoragePending  Storage = "pending"  // none is lost, but some were not stored when the wait ended
	StorageLost     Storage = "lost"     // some are not stored, or altered
	StorageUnknown  Storage = "unknown"  // storage was not verified, or verification failed
)

// StorageOf judges the result of delivery verification.
func StorageOf(res measure.Result) Storage { return storageOf(&res) }

func storageOf(res *measure.Result) Storage {
	d := &res.Delivery
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

// unknown reports whether it is not known what became of the acknowledged calls.
func unknown(res *measure.Result) bool { return storageOf(res) == StorageUnknown }

// verifyOptions lists how storage can be checked.
const verifyOptions field.Message = "{verify} sqlite:FILE, postgres://…, mysql://… or sink=ADDRESS"

// storageWarnings says, if storage is not known, how to verify it and what the server's answers mean.
func storageWarnings(res *measure.Result, names field.Namer) (lines []string) {
	if !unknown(res) || noSample(res) {
		return nil
	}
	d := &res.Delivery
	switch {
	case d.Failed: // the reasons mention it
		lines = append(lines, "storage is not known: accepted is the server's word, not proof of storage")
	default:
		lines = append(lines, names.Textf("storage was not checked%s: accepted is the server's word; check it with %s",
			notCheckedBecause(d), verifyOptions))
	}
	if res.Target.AcknowledgesFirst {
		lines = append(lines, fmt.Sprintf("the server is %s, which answers 200 before it stores a call: "+
			"a 200 from it does not mean stored", cmp.Or(res.Target.Server, "one")))
	}
	return lines
}

// notCheckedBecause returns, in brackets, why storage was not checked, if that is known.
func notCheckedBecause(d *measure.Delivery) string {
	if d.Absent == "" || d.Absent == NotChecked {
		return ""
	}
	return " (" + d.Absent + ")"
}

// maxBehindPercent is the largest backlog at the end of the wait for storage, in percent of the acknowledged calls,
// that does not fail a server that has not caught up.
const maxBehindPercent = 10

// leftBehind reports whether the server's backlog exceeded that at the end.
func leftBehind(d *measure.Delivery) bool {
	pending := measure.OrZero(d.Pending)
	return pending > 0 && max(measure.OrZero(d.BacklogEnd),
		pending)*100 > measure.OrZero(d.Acknowledged)*maxBehindPercent
}

// maxGivenReasons is how many of the server's reasons a line names.
const maxGivenReasons = 3

// givenReasons returns what the server's log says about missing calls; empty if it does not mention them.
func givenReasons(d *measure.Delivery) string {
	var parts []string
	named, all := uint64(0), measure.OrZero(d.Missing)
	for _, r := range d.Reasons {
		if r.Fate != measure.FateMissing || len(parts) == maxGivenReasons {
			continue
		}
		named += r.Count
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
	if rest := all - min(named, all); rest > 0 {
		line += fmt.Sprintf("; and other things or nothing for %s", units.Count(rest))
	}
	return line
}

// StaleText says how old the counts are if storage could not be read at the end; empty if it could.
func StaleText(d *measure.Delivery) string {
	if d.AgeS == nil {
		return ""
	}
	return fmt.Sprintf("what is stored was last read %s before the end (%s)", units.Duration(*d.AgeS), d.Unread)
}
