package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rdiostress/internal/measure"
)

// MischiefFindings is the threshold of a run with mischief: a sound server gives no reason for a finding.
const MischiefFindings = "mischief_findings"

// mischiefRule is the threshold about mischief, of a run that had some.
func mischiefRule(m *measure.Mischief) Threshold {
	t := Threshold{Name: MischiefFindings, Op: "<=", Absent: "no mischief came to an end"}
	if m.Sent > m.Unfinished || len(m.Findings) > 0 {
		t.set(float64(len(m.Findings)), len(m.Findings) == 0)
	}
	return t
}

// findings is how many findings of mischief there are. They are the server's own, whatever the generator's limits.
func findings(res measure.Result) int {
	if res.Mischief == nil {
		return 0
	}
	return len(res.Mischief.Findings)
}

// mischief shows what misbehaving clients were answered, and what no sound server does.
func (p *page) mischief(m *measure.Mischief) {
	if m == nil {
		return
	}
	rows := make([][]string, len(m.Kinds))
	for i, k := range m.Kinds {
		unsound := count(k.Unsound)
		rows[i] = []string{clean(k.Kind), count(k.Sent), count(k.Sound), p.ink.redIf(k.Unsound > 0, unsound), answerWords(k.Answers)}
	}
	header := []string{"", "sent", "sound", "unsound", "answers"}
	room := p.width - gridWidth(header[:4], rows) - gutter
	for _, row := range rows {
		row[4] = p.ink.dim(cut(row[4], room))
	}
	p.section("Mischief beside the good calls")
	p.grid(header, rows, "lrrrl")
	if m.Skipped > 0 {
		p.note(fmt.Sprintf("%s more %s due and not sent, since many of their kind were under way.", count(m.Skipped), were(m.Skipped)), p.ink.dim)
	}
	p.goodCalls(m.GoodCalls)
	for _, f := range m.Findings {
		p.note(findingWords(f), p.ink.red)
		p.note("  "+f.Evidence, p.ink.dim)
	}
}

// goodCalls says how good calls fared without mischief and with it.
func (p *page) goodCalls(g measure.GoodCalls) {
	if g.Without == nil || g.With == nil {
		p.note("Good calls without mischief and with it were not compared: "+cmp.Or(g.Absent, notMeasured)+".", p.ink.dim)
		return
	}
	p.note("Good calls without mischief: "+goodWords(g.Without)+". With it: "+goodWords(g.With)+".", p.ink.dim)
}

// goodWords says how good calls fared in some seconds.
func goodWords(g *measure.GoodSeconds) string {
	words := fmt.Sprintf("mean %s, median second %s of %d", seconds(g.MeanS), seconds(g.MedianS), g.Seconds)
	if g.Silent > 0 {
		words += fmt.Sprintf(", and %d without an answer", g.Silent)
	}
	return words
}

// findingWords says what the server did, to what, and how often.
func findingWords(f measure.MischiefFinding) string {
	words := "Finding: "
	if f.Kind != "all" {
		words += f.Kind + ": the server "
	}
	words += f.Title
	if f.Count > 1 {
		return fmt.Sprintf("%s (%s times, %s)", words, count(f.Count), moments(f.FirstS, f.LastS))
	}
	if f.LastS > 0 {
		words += " (" + moments(f.FirstS, f.LastS) + ")"
	}
	return words
}

// answerWords lists what requests were answered, the most frequent first.
func answerWords(answers map[string]uint64) string {
	names := slices.SortedFunc(maps.Keys(answers), func(a, b string) int {
		return cmp.Or(cmp.Compare(answers[b], answers[a]), cmp.Compare(a, b))
	})
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = fmt.Sprintf("%s ×%s", strings.ReplaceAll(clean(name), "_", " "), count(answers[name]))
	}
	return strings.Join(parts, ", ")
}

// checkMischief makes sure that each request is counted once.
func checkMischief(m *measure.Mischief) error {
	if m == nil {
		return nil
	}
	var sent uint64
	for _, k := range m.Kinds {
		for _, n := range []uint64{k.Sent, k.Sound, k.Unsound, k.Busy, k.Unreachable, k.Unfinished, k.Skipped} {
			if n > maxCount {
				return fmt.Errorf("mischief: %.40s: a count of %d is not possible", k.Kind, n)
			}
		}
		if k.Sound+k.Unsound+k.Busy+k.Unreachable+k.Unfinished != k.Sent {
			return fmt.Errorf("mischief: %.40s: the counts do not add up to the %d that were sent", k.Kind, k.Sent)
		}
		sent += k.Sent
	}
	if sent != m.Sent {
		return fmt.Errorf("mischief: the kinds do not add up to the %d that were sent", m.Sent)
	}
	return nil
}
