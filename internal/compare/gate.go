package compare

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/nearest"
	"rdiostress/internal/units"
)

// The kinds of gates.
const (
	FailOn = "fail_on" // fails on a change that is shown to be worse, and is over the tolerance
	Prove  = "prove"   // passes where the whole interval is within the tolerance
)

// The outcomes of a gate.
const (
	Passed     = "passed"
	Failed     = "failed"
	NotSettled = "not settled"
)

// Gate is a demand on a figure.
type Gate struct {
	Kind      string  `json:"kind"`
	Figure    string  `json:"figure"`
	Tolerance float64 `json:"tolerance"` // the change that is still tolerated, as a share with its sign
	Outcome   string  `json:"outcome"`
	Text      string  `json:"text"`
	// How many more runs a side would settle a gate that is not settled; absent where that is not known.
	MoreRuns *int `json:"more_runs,omitempty"`
}

// ParseGate reads a gate such as "p95_response_time_s +10%".
func ParseGate(kind, text string) (Gate, error) {
	name, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	if at := strings.IndexAny(name, "+-"); at > 0 { // without a blank
		name, rest = name[:at], name[at:]+rest
	}
	column := func(part string) int { return strings.Index(text, part) + 1 }
	var figure *definition
	for _, d := range definitions() {
		if d.name == name {
			figure = &d
			break
		}
	}
	if figure == nil {
		return Gate{}, fmt.Errorf("%q: column %d: %w", text, max(column(name), 1), unknownFigure(name))
	}
	rest = strings.TrimSpace(rest)
	tolerance, err := parseTolerance(rest, figure)
	if err != nil {
		at := len(text) + 1
		if rest != "" {
			at = column(rest)
		}
		return Gate{}, fmt.Errorf("%q: column %d: %w", text, at, err)
	}
	return Gate{Kind: kind, Figure: name, Tolerance: tolerance, Outcome: NotSettled}, nil
}

func unknownFigure(name string) error {
	if name == "" {
		return errors.New("want a figure and a tolerance, such as p95_response_time_s +10%")
	}
	near := nearest.Name(name, FigureNames())
	if near == "" {
		for _, known := range FigureNames() {
			if strings.HasPrefix(known, name) {
				near = known
				break
			}
		}
	}
	if near != "" {
		return fmt.Errorf("there is no figure %q; did you mean %s?", name, near)
	}
	return fmt.Errorf("there is no figure %q; the figures are %s", name, strings.Join(FigureNames(), ", "))
}

// parseTolerance reads the tolerance of a figure, whose sign is that of a change for the worse.
func parseTolerance(text string, figure *definition) (float64, error) {
	sign, example, turns := "+", "+10%", "rises"
	if figure.higher {
		sign, example, turns = "-", "-10%", "falls"
	}
	number, percent := strings.CutSuffix(text, "%")
	number = strings.TrimSpace(number)
	if text == "" || !percent {
		return 0, fmt.Errorf("want the tolerance in percent, such as %s", example)
	}
	given := number[:min(len(number), 1)]
	if given != sign {
		return 0, fmt.Errorf("%s is worse when it %s: write the tolerance as %s", figure.name, turns, example)
	}
	digits := strings.TrimSpace(number[1:])
	v, err := strconv.ParseFloat(digits, 64)
	switch {
	case err != nil || strings.Trim(digits, "0123456789.") != "":
		return 0, fmt.Errorf("%q is no number", digits)
	case v > 10_000 || figure.higher && v >= 100:
		return 0, fmt.Errorf("a change of %s %% has no meaning", units.Given(v))
	case figure.higher:
		return -v / 100, nil
	}
	return v / 100, nil
}

// settle decides a gate by its figure.
func (g *Gate) settle(doc *Document, f *Figure, e *estimate) {
	higher := f.Better == "higher"
	verb := "must be shown to rise by less than "
	switch {
	case g.Kind == FailOn && higher:
		verb = "may fall by at most "
	case g.Kind == FailOn:
		verb = "may rise by at most "
	case higher:
		verb = "must be shown to fall by less than "
	}
	head := f.Name + " " + verb + units.Given(math.Abs(g.Tolerance)*100) + " %: "
	switch {
	case len(doc.Inconclusive) > 0:
		g.Text = head + "the generator was the limit"
	case f.Result == NotMeasured:
		g.Text = head + "not measured: " + f.Absent
	case e == nil:
		g.Text = head + "too few runs"
		if more := g.moreThanFew(doc); more > 0 {
			g.MoreRuns = &more
			g.Text += fmt.Sprintf("; it takes %d a side", MinRuns)
		}
	case g.Kind == FailOn:
		g.failOn(head, f)
	default:
		g.prove(head, doc, f, e)
	}
}

// moreThanFew is how many runs a side are missing for the run to be the unit.
func (g *Gate) moreThanFew(doc *Document) int {
	return max(MinRuns-min(len(doc.Base.Runs), len(doc.New.Runs)), 0)
}

func (g *Gate) failOn(head string, f *Figure) {
	over := f.Change.Ratio-1 > g.Tolerance
	if f.Better == "higher" {
		over = f.Change.Ratio-1 < g.Tolerance
	}
	change := changeWithInterval(f.Change)
	switch {
	case f.Result == Worse && over:
		g.Outcome, g.Text = Failed, head+"it is worse, "+change
	case f.Result == Worse:
		g.Outcome, g.Text = Passed, head+"it is worse, but not by more, "+change
	default:
		g.Outcome, g.Text = Passed, head+f.Result+", "+change
	}
}

func (g *Gate) prove(head string, doc *Document, f *Figure, e *estimate) {
	higher, change := f.Better == "higher", changeWithInterval(f.Change)
	end, other := f.Change.High-1, f.Change.Low-1
	if higher {
		end, other = other, end
	}
	within := func(v float64) bool { return !higher && v < g.Tolerance || higher && v > g.Tolerance }
	switch {
	case within(end):
		g.Outcome, g.Text = Passed, head+"proved, "+change
	case !within(other):
		g.Text = head + "it changed by more, " + change + "; more runs would not prove it"
	default:
		n := e.runsUntil(math.Log1p(g.Tolerance), higher)
		more := n - min(len(doc.Base.Runs), len(doc.New.Runs))
		if n == 0 || more <= 0 {
			g.Text = head + "not proved, " + change + "; not even " + units.Plural(mostRuns, "run") +
				" a side would prove it, if they are as these"
			return
		}
		g.MoreRuns = &more
		g.Text = head + "not proved, " + change + "; " + moreText(more)
	}
}

func moreText(more int) string {
	return "about " + units.Plural(uint64(more), "more run") + " a side would settle it, if they are as these"
}

// judge sums up what the comparison comes to.
func (d *Document) judge(lost bool) {
	var failed, open []string
	for _, g := range d.Gates {
		switch g.Outcome {
		case Failed:
			failed = append(failed, g.Figure)
		case NotSettled:
			open = append(open, g.Figure)
		}
	}
	v := &d.Verdict
	switch {
	case lost:
		v.Text = "the new server lost calls that it had acknowledged, and the base did not"
		v.ExitCode = exitcode.DataLoss
	case len(d.Inconclusive) > 0:
		v.Text = "nothing can be said: the load generator was the limit"
		if len(d.Gates) > 0 {
			v.ExitCode = exitcode.Inconclusive
		}
	case len(failed) > 0:
		v.Text, v.ExitCode = "worse than tolerated: "+strings.Join(failed, ", "), exitcode.Missed
	case len(open) > 0:
		v.Text, v.ExitCode = "not settled: "+strings.Join(open, ", "), exitcode.Inconclusive
	case len(d.Gates) > 0:
		v.Text = "every gate is passed"
	default:
		var results []string
		for _, f := range d.Figures {
			if f.Gated {
				results = append(results, f.Title+": "+f.Result)
			}
		}
		v.Text = strings.Join(results, "; ")
	}
}
