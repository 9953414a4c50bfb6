package diagnose

import (
	"cmp"
	"slices"

	"rdiostress/internal/field"
	"rdiostress/internal/measure"
)

// Finding is one problem of the server that the run shows, and what to do about it.
type Finding struct {
	ID         string    `json:"id"`
	Title      string    `json:"title"`
	Certainty  Certainty `json:"certainty"`
	Evidence   []string  `json:"evidence"` // what was seen, in figures
	Fix        string    `json:"fix"`
	GuidePhase int       `json:"guide_phase"` // 1 critical, 2 performance, 3 advanced
}

// Certainty says how sure a finding is.
type Certainty string

// The certainties.
const (
	Certain  Certainty = "certain"  // nothing else explains what was seen
	Likely   Certainty = "likely"   // it explains best what was seen
	Possible Certainty = "possible" // other causes that cannot be distinguished from here explain it as well
)

// Findings returns the problems that a run shows of its server, the most serious phase of the guide first, and in a
// phase the surest first. There may be none. That the generator was the limit comes before all others: until that is
// mended, they are about a server that was not loaded as asked. MemoryGrows says whether the server's memory was judged
// to grow. What to do is told with the given names of fields.
func Findings(res measure.Result, memoryGrows bool, names field.Namer) []Finding {
	rules, err := Rules()
	if err != nil {
		panic(err) // the rules are part of the program
	}
	res = withoutCrash(res)
	signals := signalsOf(&res, names)
	if memoryGrows {
		signals.set("memory_grows", 1, Truth)
	}
	signals.answers(&res, rules, match(rules, signals, names), names)
	return match(rules, signals, names)
}

// match returns the findings of rules. It leaves out a finding that another one explains: fixing the cause fixes its
// effects.
func match(rules []Rule, signals Signals, names field.Namer) []Finding {
	found := make(map[string]bool)
	for _, r := range rules {
		if r.holds(signals) {
			found[r.ID] = true
		}
	}
	explained := make(map[string]bool)
	for _, r := range rules {
		if found[r.ID] {
			for _, effect := range r.Explains {
				explained[effect] = true
			}
		}
	}
	var findings []Finding
	for _, r := range rules {
		if found[r.ID] && !explained[r.ID] {
			findings = append(findings, r.finding(signals, names))
		}
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.GuidePhase, b.GuidePhase),
			cmp.Compare(a.Certainty.rank(), b.Certainty.rank()))
	})
	return findings
}

// generatorBound is the finding that is not about the server.
const generatorBound = "generator-bound"

func (f *Finding) rank() int {
	if f.ID == generatorBound {
		return 0
	}
	return 1
}

func (c Certainty) rank() int { return slices.Index([]Certainty{Certain, Likely, Possible}, c) }
