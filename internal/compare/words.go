package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/units"
)

// none stands where there is no figure.
const none = "–"

// ChangeText writes a change, as a share, with its sign: "+3.21 %".
func ChangeText(v float64) string {
	if v >= many {
		return "×" + units.Number(1+v)
	}
	sign := "+"
	if v < 0 {
		sign = "-"
	}
	return sign + units.Number(math.Abs(v)*100) + " %"
}

// intervalText writes the ends of a change's interval.
func intervalText(c *Change) string { return ChangeText(c.Low-1) + " to " + ChangeText(c.High-1) }

// changeWithInterval writes a change and its interval.
func changeWithInterval(c *Change) string {
	return ChangeText(c.Ratio-1) + " (" + intervalText(c) + ")"
}

// ValueText writes a figure in its unit.
func ValueText(v *float64, unit units.Unit) string {
	switch {
	case v == nil:
		return none
	case unit == units.InSeconds:
		return units.Seconds(*v)
	case unit == units.InRatio:
		return units.Percent(*v)
	case unit == inBytes:
		return units.Bytes(*v)
	default:
		return units.PerSecond(*v)
	}
}

// many is a change, as a share, from which it reads better as a factor.
const many = 9

// brief writes a change in percent, in at most two digits and without its unit.
func brief(v float64) string {
	const hundredths = 1e4 // of a percent in a share
	if v >= many {
		return "×" + units.Significant(1+v, 2)
	}
	text := units.Significant(math.Round(v*hundredths)/hundredths*100, 2)
	if strings.HasPrefix(text, "-") && text != "-0" {
		return text
	}
	return "+" + strings.TrimPrefix(text, "-")
}

// BriefHeader heads the columns of [Document.BriefRows]. Changes are in percent, and intervals those of 95 %.
func BriefHeader() []string { return []string{"", "base", "new", "change", "interval, %", ""} }

// BriefRows are the figures as a table for 80 columns.
func (d *Document) BriefRows() (rows [][]string) {
	for i, full := range d.Rows() {
		row := []string{full[0], full[1], full[2], none, none, full[5]}
		f := &d.Figures[i]
		change := f.Change
		if change == nil && f.Within != nil {
			change = f.Within.Change
		}
		if change != nil {
			row[3], row[4] = brief(change.Ratio-1), brief(change.Low-1)+" to "+brief(change.High-1)
		}
		rows = append(rows, row)
	}
	return rows
}

// Header heads the columns of [Document.Rows].
func Header() []string {
	return []string{"figure", "base", "new", "change", "95 % interval", "result", "would have seen"}
}

// Rows are the figures as a table. [Document.Footnotes] say what its marks mean.
func (d *Document) Rows() (rows [][]string) {
	for i := range d.Figures {
		f := &d.Figures[i]
		row := []string{
			f.Title, ValueText(f.Base, f.Unit), ValueText(f.New, f.Unit), none, none, f.Result, none,
		}
		if f.Gated {
			row[0] += " *"
		}
		switch {
		case f.Change != nil:
			row[3], row[4] = ChangeText(f.Change.Ratio-1), intervalText(f.Change)
			row[6] = "±" + units.Number(*f.Visible*100) + " %"
		case f.Within != nil && f.Within.Change != nil:
			row[3], row[4] = ChangeText(f.Within.Change.Ratio-1), intervalText(f.Within.Change)
			row[5] = TooFewRuns + " †"
		}
		rows = append(rows, row)
	}
	return rows
}

// Footnotes say what the marks of a table mean, and what else is to be known of it.
func (d *Document) Footnotes() []string {
	notes := []string{"* counts for the verdict. " + d.method()}
	if i := slices.IndexFunc(d.Figures, shownWithin); i >= 0 {
		notes = append(notes, "† within these runs only, by batches of "+units.Duration(d.Figures[i].Within.BatchS)+
			" or more: another run may differ by more, and no gate is decided by it")
	}
	if i := slices.IndexFunc(d.Figures, tooShort); i >= 0 {
		f := &d.Figures[i]
		notes = append(notes, "Not even the change of "+f.Title+" within these runs can be told: "+f.Within.Absent)
	}
	notes = append(notes, d.absent()...)
	return append(notes, d.Notes...)
}

// absent says which figures are not measured, and why, each reason once.
func (d *Document) absent() (notes []string) {
	var reasons []string
	titles := map[string][]string{}
	for _, f := range d.Figures {
		if f.Result != NotMeasured {
			continue
		}
		if titles[f.Absent] == nil {
			reasons = append(reasons, f.Absent)
		}
		titles[f.Absent] = append(titles[f.Absent], f.Title)
	}
	for _, reason := range reasons {
		notes = append(notes, "Not measured: "+strings.Join(titles[reason], ", ")+"; "+reason)
	}
	return notes
}

// shownWithin reports whether a figure has a change within these runs.
func shownWithin(f Figure) bool { return f.Within != nil && f.Within.Change != nil }

// tooShort reports whether a figure could have one, if the runs were longer.
func tooShort(f Figure) bool { return f.Within != nil && f.Within.BatchS > 0 && f.Within.Change == nil }

// method says what the intervals are of.
func (d *Document) method() string {
	base, changed := len(d.Base.Runs), len(d.New.Runs)
	switch {
	case base < MinRuns || changed < MinRuns:
		return fmt.Sprintf("It takes %d runs a side to tell a change from chance.", MinRuns)
	case d.Design == Paired:
		return fmt.Sprintf("Each of the %d pairs of runs is one value.", base)
	default:
		return fmt.Sprintf("Each run is one value: %d and %d.", base, changed)
	}
}

// SeenText says which change the comparison would have shown in the figures that count; empty if it shows none of other
// runs.
func (d *Document) SeenText() string {
	var parts []string
	for _, f := range d.Figures {
		if f.Gated && f.Visible != nil {
			parts = append(parts, fmt.Sprintf("a change of %s by %s %% or more", f.Title, units.Number(*f.Visible*100)))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "four of five such comparisons would show " + strings.Join(parts, ", ")
}

// Badge is what the comparison comes to, in a word or two.
func (d *Document) Badge() string {
	if c := d.Verdict.ExitCode; c == exitcode.Missed || c == exitcode.DataLoss {
		return "WORSE"
	}
	if d.Verdict.ExitCode == exitcode.Inconclusive || len(d.Inconclusive) > 0 {
		return "INCONCLUSIVE"
	}
	if len(d.Gates) > 0 {
		return "PASS"
	}
	for _, f := range d.Figures {
		if f.Gated {
			return strings.ToUpper(f.Result)
		}
	}
	return "COMPARED"
}

// Decided reports whether the figures that count say something, and nothing bad.
func (d *Document) Decided() bool {
	return len(d.Inconclusive) == 0 && !slices.ContainsFunc(d.Figures, func(f Figure) bool {
		return f.Gated && (f.Result == TooFewRuns || f.Result == NotMeasured || len(d.Gates) == 0 && f.Result == Worse)
	})
}

// Warnings are what the reader must know to trust the comparison.
func (d *Document) Warnings() (list []string) {
	for _, text := range d.Differences {
		list = append(list, "the runs differ in more than the server: "+text)
	}
	if more := len(d.Inconclusive) - 1; more > 0 {
		return append(list, d.Inconclusive[0], "and of "+units.Plural(uint64(more), "other run"))
	}
	return append(list, d.Inconclusive...)
}

// RunsText says which runs a side has.
func (s *Side) RunsText() string {
	text := s.Server + "; " + units.Plural(uint64(len(s.Runs)), "run")
	if len(s.Runs) > 0 {
		text += " from " + s.Runs[0].StartedAt.UTC().Format("2 Jan 2006 15:04 UTC")
	}
	return text + ": " + s.Name
}

// Heading says what is compared with what.
func (d *Document) Heading() string {
	side := func(s *Side) string {
		return s.Server + ", " + units.Plural(uint64(len(s.Runs)), "run")
	}
	if d.Base.Server == d.New.Server {
		return d.Base.Server + " on both sides, " + d.runsText()
	}
	return side(&d.Base) + " → " + side(&d.New)
}

// runsText says how many runs the sides have.
func (d *Document) runsText() string {
	base, changed := len(d.Base.Runs), len(d.New.Runs)
	if base == changed {
		return units.Plural(uint64(base), "run") + " each"
	}
	return fmt.Sprintf("%d and %s", base, units.Plural(uint64(changed), "run"))
}
