package threshold

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/units"
)

// Rule is what an expression says: a figure, and what it must be.
type Rule struct {
	Figure    string
	Labels    []Label
	Aggregate string        // of the values of a figure of the server; else empty
	Op        string        // "<", "<=", ">", ">=", "==" or "!="
	Limit     float64       // in Unit
	Unit      units.Unit    // that of the figure
	Over      time.Duration // the length of the windows in all of which it holds; 0 is the whole run
	For       time.Duration // how long it has to hold; 0 is at all
	Phase     string        // the part of the run that counts; empty is all that is scored
}

// Label picks a part of the failed uploads.
type Label struct{ Name, Value string }

// Holds reports whether a value is what the rule says.
func (r Rule) Holds(v float64) bool {
	switch r.Op {
	case "<":
		return v < r.Limit
	case "<=":
		return v <= r.Limit
	case ">":
		return v > r.Limit
	case ">=":
		return v >= r.Limit
	case "==":
		return v == r.Limit
	case "!=":
		return v != r.Limit
	default:
		return false
	}
}

// String returns the rule in the form that is parsed. Its limit has no unit: it is in that of the figure.
func (r Rule) String() string {
	format := byte('f')
	if size := math.Abs(r.Limit); size != 0 && size < 1e-6 || size >= 1e15 {
		format = 'g'
	}
	return r.Subject() + " " + r.Op + " " + strconv.FormatFloat(r.Limit, format, -1, 64) + r.scope()
}

// Subject returns what the rule limits, without the limit: the figure, its labels and its aggregate.
func (r Rule) Subject() string {
	var b strings.Builder
	b.WriteString(r.Figure)
	for i, l := range r.Labels {
		b.WriteString([]string{"{", ","}[min(i, 1)])
		fmt.Fprintf(&b, "%s=%s", l.Name, quote(l.Value))
	}
	if len(r.Labels) > 0 {
		b.WriteString("}")
	}
	if r.Aggregate != "" {
		b.WriteString(" " + r.Aggregate)
	}
	return b.String()
}

// scope returns of which part of a run the rule speaks.
func (r Rule) scope() string {
	var b strings.Builder
	if r.Over > 0 {
		b.WriteString(" over " + units.Compact(r.Over))
	}
	if r.For > 0 {
		b.WriteString(" for " + units.Compact(r.For))
	}
	if r.Phase != "" {
		b.WriteString(" in phase " + quote(r.Phase))
	}
	return b.String()
}

// Name returns the subject and the scope, which tell a rule from others of the same figure.
func (r Rule) Name() string { return r.Subject() + r.scope() }

// quote puts a text in the quotation marks that it does not have itself: a text has at most one of the two kinds.
func quote(s string) string {
	if strings.Contains(s, `"`) {
		return "'" + s + "'"
	}
	return `"` + s + `"`
}
