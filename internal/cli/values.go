package cli

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rdiostress/internal/address"
	"rdiostress/internal/configfile"
	"rdiostress/internal/report"
	"rdiostress/internal/scenario"
	"rdiostress/internal/schedule"
	"rdiostress/internal/threshold"
)

// Flags that a scenario file can set by a list, of texts or of maps.
var (
	_ configfile.Fielded = (*stagesValue)(nil)
	_ configfile.Fielded = (*abortValue)(nil)
	_ pflag.SliceValue   = (*abortValue)(nil)
	_ pflag.SliceValue   = (*thresholdsValue)(nil)
	_ pflag.SliceValue   = (*urlsValue)(nil)
)

// plainValue is a flag of a number, of true or false, or of a length of time as pflag has them, which says in plain
// words what is wrong with a value. A whole number is decimal however many zeros it begins with: pflag reads 010 as
// octal, 8.
type plainValue struct{ pflag.Value }

// Set implements pflag.Value.
func (v plainValue) Set(text string) error {
	kind := v.Type()
	if kind != "bool" && text != "" && strings.Trim(text, "0123456789") == "" {
		text = cmp.Or(strings.TrimLeft(text, "0"), "0")
	}
	if err := checkPlain(kind, text); err != nil {
		return err
	}
	return v.Value.Set(text)
}

// valueError says what is wrong with the value of a flag, but not what the flag takes.
type valueError struct{ value, problem string }

func (e *valueError) Error() string { return strconv.Quote(e.value) + " " + e.problem }

// checkPlain reads a text as pflag does for a flag of a kind. The error is a *valueError.
func checkPlain(kind, text string) (err error) {
	var problem string
	switch kind {
	case "int":
		problem = "is not a whole number"
		_, err = strconv.ParseInt(text, 0, strconv.IntSize)
	case "int64":
		problem = "is not a whole number"
		_, err = strconv.ParseInt(text, 0, 64)
	case "uint64":
		problem = "is not a whole number of 0 or more"
		_, err = strconv.ParseUint(text, 0, 64)
	case "float64":
		problem = "is not a number"
		_, err = strconv.ParseFloat(text, 64)
	case "bool":
		problem = "is neither true nor false"
		_, err = strconv.ParseBool(text)
	case "duration":
		problem = "is not a duration; write 500ms, 30s, 5m or 1h30m"
		_, err = time.ParseDuration(text)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, strconv.ErrRange):
		return &valueError{text, "is too large"}
	default:
		return &valueError{text, problem}
	}
}

// plainFlags has the flags of a command, and of those below it, say in plain words what is wrong with a value.
func plainFlags(cmd *cobra.Command) {
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		switch f.Value.Type() {
		case "int", "int64", "uint64", "float64", "bool", "duration":
			f.Value = plainValue{f.Value}
		}
	})
	for _, sub := range cmd.Commands() {
		plainFlags(sub)
	}
}

// durationValue is a flag for a length of time: a bare number is seconds, and 30s, 5m and 1h30m are understood too.
type durationValue time.Duration

func (d *durationValue) Set(s string) error {
	v, err := schedule.ParseDuration(s)
	*d = durationValue(v)
	return err
}

func (d *durationValue) String() string {
	v := time.Duration(*d)
	if v == 0 {
		return ""
	}
	if v%time.Second == 0 {
		return strconv.FormatInt(int64(v/time.Second), 10)
	}
	return v.String()
}

func (d *durationValue) Type() string { return "seconds" }

// urlsValue is a flag for the addresses of a scenario's servers, whose schemes may be left out. Each time it is given
// adds one; a variable has all of them, with spaces between.
type urlsValue struct {
	*scenario.Scenario
	given bool // what it had by default is replaced
}

func (v *urlsValue) Set(s string) error {
	all := strings.Fields(s)
	if len(all) == 0 {
		all = []string{s} // which the scenario refuses
	}
	for _, server := range all {
		server = address.WithScheme(server)
		if v.given {
			v.MoreURLs = append(v.MoreURLs, server)
			continue
		}
		v.URL, v.MoreURLs, v.given = server, nil, true
	}
	return nil
}

func (v *urlsValue) String() string {
	if v.Scenario == nil { // as pflag makes one to find out what is the zero value
		return ""
	}
	return strings.Join(v.URLs(), " ")
}

func (v *urlsValue) Type() string { return "url" }

// Append adds an address, as Set does.
func (v *urlsValue) Append(s string) error { return v.Set(s) }

// Replace replaces all addresses.
func (v *urlsValue) Replace(all []string) error {
	v.given = false
	return v.Set(strings.Join(all, " "))
}

// GetSlice returns the addresses as Set reads them.
func (v *urlsValue) GetSlice() []string { return v.URLs() }

// rateValue is a flag for calls per second: 50, 50/s, 3000/m or 100000/h.
type rateValue float64

func (r *rateValue) Set(s string) error {
	v, err := schedule.ParseRate(s)
	if err == nil && v == 0 {
		err = errors.New("must be more than 0; leave it out for a closed loop")
	}
	*r = rateValue(v)
	return err
}

func (r *rateValue) String() string {
	if *r == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(*r), 'g', -1, 64)
}

func (r *rateValue) Type() string { return "rate" }

// textValue is a flag for what writes itself as its parser reads it.
type textValue[T fmt.Stringer] struct {
	to    *T
	parse func(string) (T, error)
	kind  string // what help calls it
}

// textVar returns the flag that sets to.
func textVar[T fmt.Stringer](to *T, parse func(string) (T, error), kind string) *textValue[T] {
	return &textValue[T]{to, parse, kind}
}

func (v *textValue[T]) Set(s string) (err error) {
	*v.to, err = v.parse(s)
	return err
}

func (v *textValue[T]) String() string {
	if v.to == nil { // pflag asks a flag's zero value
		return ""
	}
	return (*v.to).String()
}

func (v *textValue[T]) Type() string { return v.kind }

// stagesValue is a flag for a load that changes over time.
type stagesValue struct {
	shape schedule.Shape
	rates bool
}

func (v *stagesValue) Set(s string) (err error) {
	v.shape, v.rates, err = schedule.ParseShape(s)
	return err
}

func (v *stagesValue) String() string { return v.shape.Format(v.rates) }

func (v *stagesValue) Type() string { return "stages" }

// Fields says how a stage is written as a map: {for: 1m, to: 50/s}.
func (v *stagesValue) Fields() (keys []string, between string) { return []string{"for", "to"}, ":" }

// abortValue is a flag for rules that end a run early; each time it is given adds one.
type abortValue []scenario.AbortRule

func (v *abortValue) Set(s string) error {
	rule, err := scenario.ParseAbortRule(s)
	if err == nil {
		*v = append(*v, rule)
	}
	return err
}

func (v *abortValue) String() string {
	return strings.Join(v.GetSlice(), ", ")
}

func (v *abortValue) Type() string { return "rule" }

// Fields says how a rule is written as a map: {when: error_rate > 0.5, for: 10s}.
func (v *abortValue) Fields() (keys []string, between string) {
	return []string{"when", "for"}, " for "
}

// Append adds a rule, as Set does.
func (v *abortValue) Append(s string) error { return v.Set(s) }

// Replace replaces all rules.
func (v *abortValue) Replace(rules []string) error {
	*v = nil
	for _, s := range rules {
		if err := v.Set(s); err != nil {
			return err
		}
	}
	return nil
}

// GetSlice returns the rules as Set reads them.
func (v *abortValue) GetSlice() []string {
	var rules []string
	for _, r := range *v {
		rules = append(rules, r.String())
	}
	return rules
}

// thresholdsValue is a flag for thresholds of a run; each time it is given adds one.
type thresholdsValue []threshold.Rule

func (v *thresholdsValue) Set(s string) error {
	rule, err := threshold.Thresholds().Parse(s)
	if err == nil {
		*v = append(*v, rule)
	}
	return err
}

func (v *thresholdsValue) String() string { return strings.Join(v.GetSlice(), ", ") }

func (v *thresholdsValue) Type() string { return "rule" }

// Append adds a threshold, as Set does.
func (v *thresholdsValue) Append(s string) error { return v.Set(s) }

// Replace replaces all thresholds.
func (v *thresholdsValue) Replace(rules []string) error {
	*v = nil
	for _, s := range rules {
		if err := v.Set(s); err != nil {
			return err
		}
	}
	return nil
}

// GetSlice returns the thresholds as Set reads them.
func (v *thresholdsValue) GetSlice() []string {
	var rules []string
	for _, r := range *v {
		rules = append(rules, r.String())
	}
	return rules
}

// thresholdOptions are the flags for what a run is judged by.
type thresholdOptions struct {
	rules thresholdsValue
	alone bool
}

func (o *thresholdOptions) addFlags(f *pflag.FlagSet) {
	f.Var(&o.rules, "threshold", "what the run must keep besides, such as 'p99_response_time_s < 2s'; repeatable")
	f.BoolVar(&o.alone, "no-default-thresholds", false,
		"judge by --threshold alone, not by success rate, mean and 95th percentile as well")
}

func (o *thresholdOptions) check() error {
	var errs problems
	errs.check(o.alone && len(o.rules) == 0, "{no-default-thresholds} needs a {threshold} to judge by")
	return errs.join()
}

// own returns the thresholds of the user's own.
func (o *thresholdOptions) own() report.Own { return report.Own{Rules: o.rules, Alone: o.alone} }

// windowValue is a flag for the time within which a server takes calls of a talkgroup for duplicates; 0 is as long as
// the server says.
type windowValue time.Duration

// windowAuto is the value of a flag that is not set.
const windowAuto = "auto"

func (w *windowValue) Set(s string) error {
	if strings.EqualFold(strings.TrimSpace(s), windowAuto) {
		*w = 0
		return nil
	}
	return (*durationValue)(w).Set(s)
}

func (w *windowValue) String() string {
	if *w == 0 {
		return windowAuto
	}
	return (*durationValue)(w).String()
}

func (w *windowValue) Type() string { return (*durationValue)(w).Type() }
