package delivery

import (
	"cmp"
	"slices"

	"rdiostress/internal/measure"
)

// maxReasons is how many reasons an account names; the others count as "other".
const maxReasons = 8

// reasonCounts counts the reasons that the server's log gave for unstored calls.
type reasonCounts struct {
	why *reasons
	by  map[reasonKey]*measure.Reason
}

type reasonKey struct {
	reason uint32
	fate   measure.Fate
}

func newReasonCounts(why *reasons) *reasonCounts {
	return &reasonCounts{why: why, by: make(map[reasonKey]*measure.Reason)}
}

// count counts the reason that was given for call n, if there is one, and returns it as text to follow the call's fate,
// unless the fate already says it.
func (g *reasonCounts) count(l *Ledger, n uint64, state uint32) string {
	number := reasonOf(state)
	if number == 0 {
		return ""
	}
	key := reasonKey{number, measure.FateMissing}
	if state&wasDropped != 0 {
		key.fate = measure.FateDropped
	}
	have := g.by[key]
	if have == nil {
		have = &measure.Reason{Reason: g.why.text(number), Fate: key.fate, Example: l.fileName(n)}
		g.by[key] = have
	}
	have.Count++
	if key.fate == measure.FateDropped {
		return "" // the fate already says it
	}
	return "; the server's log says: " + have.Reason
}

// list returns the reasons, the most frequent first.
func (g *reasonCounts) list() []measure.Reason {
	list := make([]measure.Reason, 0, len(g.by))
	for _, r := range g.by {
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b measure.Reason) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Fate, b.Fate), cmp.Compare(a.Reason, b.Reason))
	})
	if len(list) <= maxReasons {
		return list
	}
	others := list[maxReasons-1]
	others.Reason = otherWords
	for _, r := range list[maxReasons:] {
		others.Count += r.Count
	}
	return append(list[:maxReasons-1], others)
}
