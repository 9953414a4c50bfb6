package compare

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// MinRuns is how many runs a side must have for the run to be the unit.
const MinRuns = 4

// Options say how two sides are compared.
type Options struct {
	Version string // of this program
	Design  string // Independent unless it is Paired
	Gates   []Gate
	Force   bool // compare runs that differ in more than the server
}

// ErrDiffers says that runs differ in more than the server.
var ErrDiffers = errors.New("the runs differ in more than the server")

// New compares two sides. The error is [ErrDiffers], with what differs, if their runs do not belong together.
func New(base, changed Loaded, o Options) (Document, error) {
	runs := slices.Concat(base.named(), changed.named())
	if err := checkDistinct(runs); err != nil {
		return Document{}, err
	}
	differing, err := differences(runs)
	if err != nil {
		return Document{}, err
	}
	if len(differing) > 0 && !o.Force {
		return Document{}, fmt.Errorf("%w\n%s", ErrDiffers, strings.Join(differing, "\n"))
	}
	doc := Document{
		Schema: Schema, Tool: report.Tool{Name: "rdiostress", Version: o.Version}, Design: o.Design,
		Confidence: confidence, Base: base.side(), New: changed.side(), Figures: []Figure{},
		Gates: append([]Gate{}, o.Gates...), Differences: differing, Inconclusive: limits(runs),
		Notes: append(append([]string{}, base.Notes...), changed.Notes...),
	}
	if doc.Design == "" {
		doc.Design = Independent
	}
	if doc.Design == Paired && len(base.Reports) != len(changed.Reports) {
		return Document{}, fmt.Errorf("%d and %d runs make no pairs", len(base.Reports), len(changed.Reports))
	}
	doc.noteTools(runs)
	baseLost := doc.noteLosses(base.named())
	lost := doc.noteLosses(changed.named()) && !baseLost
	estimates := map[string]*estimate{}
	for _, d := range definitions() {
		f, e, err := figure(&d, base.named(), changed.named(), doc.Design)
		if err != nil {
			return Document{}, err
		}
		f.Gated = gated(f.Name, o.Gates)
		estimates[f.Name] = e
		doc.Figures = append(doc.Figures, f)
	}
	doc.correct()
	for i := range doc.Gates {
		g := &doc.Gates[i]
		at := slices.IndexFunc(doc.Figures, func(f Figure) bool { return f.Name == g.Figure })
		g.settle(&doc, &doc.Figures[at], estimates[g.Figure])
	}
	doc.judge(lost)
	return doc, nil
}

// noteTools says so if the reports are of several versions of this program, whose generators may differ.
func (d *Document) noteTools(runs []runOf) {
	var versions []string
	for _, r := range runs {
		if !slices.Contains(versions, r.Tool.Version) {
			versions = append(versions, r.Tool.Version)
		}
	}
	if len(versions) > 1 {
		d.Notes = append(d.Notes, "the runs were made by several versions of rdiostress: "+strings.Join(versions, ", "))
	}
}

// noteLosses says so if calls were lost in a run, which no figure shows, and reports whether any was.
func (d *Document) noteLosses(runs []runOf) bool {
	var names []string
	for _, r := range runs {
		if r.Verdict.ExitCode == exitcode.DataLoss {
			names = append(names, r.name)
		}
	}
	if len(names) > 0 {
		d.Notes = append(d.Notes, "data loss: acknowledged calls were not stored in "+someOf(names))
	}
	return len(names) > 0
}

// gated reports whether a figure counts for the verdict.
func gated(name string, gates []Gate) bool {
	if len(gates) == 0 {
		return name == defaultGated
	}
	return slices.ContainsFunc(gates, func(g Gate) bool { return g.Figure == name })
}

// figure compares one figure. There is an estimate where there are enough runs for one.
func figure(d *definition, base, changed []runOf, design string) (Figure, *estimate, error) {
	f := Figure{
		Name: d.name, Title: d.title, Unit: d.unit, Better: "lower", BaseRuns: []float64{}, NewRuns: []float64{},
	}
	if d.higher {
		f.Better = "higher"
	}
	var absentB, absentN string
	f.BaseRuns, f.Base, absentB = valuesOf(d, base)
	f.NewRuns, f.New, absentN = valuesOf(d, changed)
	for _, absent := range []string{absentB, absentN} {
		if absent != "" {
			f.Result, f.Absent = NotMeasured, absent
			return f, nil, nil
		}
	}
	b, n := logs(f.BaseRuns), logs(f.NewRuns)
	if len(b) < MinRuns || len(n) < MinRuns {
		f.Result = TooFewRuns
		f.Absent = fmt.Sprintf("%s and %d: it takes %d a side", units.Plural(uint64(len(b)), "run"), len(n), MinRuns)
		w, err := within(d, reportsOf(base), reportsOf(changed))
		f.Within = w
		return f, nil, err
	}
	e := welch(b, n)
	if design == Paired {
		e = paired(b, n)
	} else if p, ok := rankTest(b, n); ok {
		f.RankP = &p
	}
	change, p, visible := e.interval(), e.p(), e.visible()
	f.Change, f.P, f.Visible = &change, &p, &visible
	f.Result = resultOf(&e, p, d.higher)
	return f, &e, nil
}

// resultOf says in a word what a difference is.
func resultOf(e *estimate, p float64, higherIsBetter bool) string {
	switch {
	case p >= alpha:
		return NoDifference
	case e.diff > 0 == higherIsBetter:
		return Better
	default:
		return Worse
	}
}

// correct corrects the results of the gated figures for how many these are.
func (d *Document) correct() {
	var list []*Figure
	var ps []float64
	for i := range d.Figures {
		if f := &d.Figures[i]; f.Gated && f.P != nil {
			list, ps = append(list, f), append(ps, *f.P)
		}
	}
	for i, p := range holm(ps) {
		list[i].PAdjusted = &p
		if p >= alpha {
			list[i].Result = NoDifference
		}
	}
}

// valuesOf are a figure of each run and of all, or why there is none.
func valuesOf(d *definition, runs []runOf) (values []float64, all *float64, absent string) {
	values = []float64{}
	for _, r := range runs {
		v, why := d.of(r.Report)
		if why == "" && !(v > 0) {
			why = "it is 0"
		}
		if why != "" {
			return []float64{}, nil, r.name + ": " + why
		}
		values = append(values, v)
	}
	v := d.all(reportsOf(runs))
	return values, &v, ""
}

func reportsOf(runs []runOf) (list []*report.Report) {
	for _, r := range runs {
		list = append(list, r.Report)
	}
	return list
}

func logs(values []float64) []float64 {
	list := make([]float64, len(values))
	for i, v := range values {
		list[i] = math.Log(v)
	}
	return list
}
