package trial

import (
	"fmt"
	"slices"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/preflight"
	"rdiostress/internal/scenario"
	"rdiostress/internal/traffic"
	"rdiostress/internal/trial/verification"
)

// Learned is what a trial learned of the server before the run, and what it decided by that.
type Learned struct {
	preflight.Learned                                 // from the replies to first calls
	Kinds             []string                        // what each of several servers is; empty for an unknown one
	Apart             string                          // why the calls of several servers cannot be seen in one place
	Prime             bool                            // the server may have to learn talkgroups from their first calls
	Exact             bool                            // calls are dated to the millisecond
	Talkgroups        scenario.IDs                    // talkgroups of the scenario that are used; nil: all
	Known             map[verification.Talkgroup]bool // talkgroups that the server is known to know
	// the method of storage verification; empty if storage is not verified
	Storage string
	Priming *measure.Priming // nil if the server was not primed, and does not need it
}

// Apply returns the scenario for this server: it fills in what the scenario leaves open.
func (l *Learned) Apply(s scenario.Scenario) scenario.Scenario {
	s.Prime, s.Milliseconds = l.Prime, l.Exact
	if s.DuplicateWindow == 0 {
		s.DuplicateWindow = l.DuplicateWindow
	}
	if l.Talkgroups != nil {
		s.Talkgroups = l.Talkgroups
	}
	return s
}

// knownPairs returns the pairs of a system and a talkgroup that the server is known to know.
func (l *Learned) knownPairs(calls *traffic.Traffic) (pairs []int) {
	if len(l.Known) == 0 {
		return nil
	}
	for pair := range calls.Pairs() {
		if l.Known[talkgroupOf(calls, pair)] {
			pairs = append(pairs, pair)
		}
	}
	return pairs
}

func talkgroupOf(calls *traffic.Traffic, pair int) verification.Talkgroup {
	system, id := calls.Pair(pair)
	return verification.Talkgroup{System: system, ID: id}
}

// unknownPairs returns the pairs that a server is not known to know.
func unknownPairs(k *verification.Knowledge, calls *traffic.Traffic, pairs []int) (list []int) {
	for _, pair := range pairs {
		if !k.Talkgroups[talkgroupOf(calls, pair)] {
			list = append(list, pair)
		}
	}
	return list
}

// knownTalkgroups returns the talkgroups of a scenario that a server knows in all of its systems.
func knownTalkgroups(k *verification.Knowledge, s *scenario.Scenario) (ids scenario.IDs) {
	for _, id := range s.Talkgroups {
		unknown := func(system int64) bool { return !k.Talkgroups[verification.Talkgroup{System: system, ID: id}] }
		if !slices.ContainsFunc(s.Systems, unknown) {
			ids = append(ids, id)
		}
	}
	return ids
}

// talkgroupsError returns an error with talkgroups that can be sent to the server: some of the system with the most
// known talkgroups.
func talkgroupsError(k *verification.Knowledge, format string, args ...any) *TalkgroupsError {
	const some = 5
	e := &TalkgroupsError{Problem: addsNone + fmt.Sprintf(format, args...)}
	of := make(map[int64]scenario.IDs)
	for t := range k.Talkgroups {
		of[t.System] = append(of[t.System], t.ID)
	}
	for system, ids := range of {
		if n, most := len(ids), len(of[e.System]); n > most || n == most && system < e.System {
			e.System = system
		}
	}
	if known := of[e.System]; len(known) > 0 {
		slices.Sort(known)
		e.Talkgroups = known[:min(some, len(known))]
	}
	return e
}

const addsNone = "the server adds no talkgroups by itself (its auto-populate is off), and "

// guard protects a server that adds no talkgroups by itself, before the first call is sent: if the scenario's
// talkgroups may be left out, only the known ones are used. Otherwise all are sent, if the server knows any of them.
func (r *run) guard(k *verification.Knowledge) error {
	if r.plan.Scenario.Replay.On() || !k.AddsNone() {
		return nil
	}
	r.learned.Known = k.Talkgroups
	s := r.scenario()
	calls := r.newTraffic(&s, time.Now())
	used := calls.UsedPairs(&s, r.usesAll())
	unknown, keep := unknownPairs(k, calls, used), r.plan.Priming.KeepTalkgroups
	switch {
	case len(unknown) == 0:
	case keep && len(unknown) < len(used):
		r.warn(addsNone+"does not know %d of the %d of this run; rdio-scanner 7 needs them: "+
			"send only systems and talkgroups that it has", len(unknown), len(used))
	case !keep && r.restrict(k):
		r.warn(addsNone+"knows %d of the default ones: the run uses these", len(r.learned.Talkgroups))
	case len(unknown) == len(used):
		return talkgroupsError(k, "does not know any of the %d that this run would send", len(used))
	default:
		return talkgroupsError(k, "of the default ones it knows too few for this load")
	}
	return nil
}

// restrict makes the run use only talkgroups that the server knows. If these are too few, it changes nothing and
// returns false.
func (r *run) restrict(k *verification.Knowledge) bool {
	s := r.scenario()
	s.Talkgroups = knownTalkgroups(k, &s)
	if len(s.Talkgroups) == 0 || s.Validate() != nil {
		return false
	}
	r.learned.Talkgroups = s.Talkgroups
	return true
}

// usesAll reports whether calls of any talkgroup may be sent, by later trials or by mischief.
func (r *run) usesAll() bool { return r.allTalkgroups || len(r.plan.Mischief) > 0 }
