package diagnose

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"rdiostress/internal/field"
	"rdiostress/internal/measure"
	"rdiostress/internal/plain"
	"rdiostress/internal/units"
)

// minUnnamedShare is the share of the uploads from which an answer is listed: a tenth of the failures at which the
// success rate is missed.
const minUnnamedShare = 0.005

// maxAnswers is how many of the server's answers are listed.
const maxAnswers = 5

// answers collects what the server answered where uploads failed and no finding says so.
func (s Signals) answers(res *measure.Result, rules []Rule, findings []Finding, names field.Namer) {
	n := float64(res.Totals.Attempted)
	named := s.namedBy(rules, findings)
	var lines []string
	count := 0.0
	advice := ""
	for _, d := range readable(res) {
		if d.Class == measure.Exhausted.String() || // which the server has no part in
			slices.ContainsFunc(kindsOf(d), func(kind string) bool { return named[kind] }) {
			continue
		}
		count += float64(d.Count)
		if len(lines) < maxAnswers {
			lines = append(lines, answer(d, n))
		}
		if advice == "" {
			advice = names.Text(adviceOn(d))
		}
	}
	if n == 0 || count/n < minUnnamedShare {
		return
	}
	s.set("unnamed_share", count/n, Share)
	s["unnamed"] = Signal{Value: count, Unit: Count, Lines: lines}
	if advice != "" {
		s.setWithNote("answer_advice", 1, Truth, advice)
	}
}

// namedBy returns the kinds of failures that findings name. A finding stands for the failures that it names, and for
// those of the findings that it explains.
func (s Signals) namedBy(rules []Rule, findings []Finding) map[string]bool {
	named := make(map[string]bool)
	add := func(r *Rule) {
		for _, kind := range r.Names {
			named[kind] = true
		}
	}
	for i := range rules {
		r := &rules[i]
		if len(r.Names) == 0 || !slices.ContainsFunc(findings, func(f Finding) bool { return f.ID == r.ID }) {
			continue
		}
		add(r)
		for j := range rules {
			if slices.Contains(r.Explains, rules[j].ID) && rules[j].holds(s) {
				add(&rules[j])
			}
		}
	}
	return named
}

// kindsOf returns what a rule may call a failure: its class, its status, and the hundred of the status, such as 5xx.
func kindsOf(d measure.ErrorDetail) []string {
	if d.Status == 0 {
		return []string{d.Class}
	}
	return []string{d.Class, fmt.Sprint(d.Status), fmt.Sprintf("%dxx", d.Status/100)}
}

// answer says how many uploads failed in a way, and what the server said.
func answer(d measure.ErrorDetail, attempted float64) string {
	line := fmt.Sprintf("%s of all uploads (%s): %s", units.Trim(units.Percent(float64(d.Count)/attempted)),
		Signal{Value: float64(d.Count)}.String(), failureText(d))
	if text := sanitize(d.Sample); text != "" {
		line += fmt.Sprintf(`, such as "%s"`, text)
	}
	return line
}

func failureText(d measure.ErrorDetail) string {
	if d.Status != 0 && d.Status != http.StatusOK {
		words := fmt.Sprintf("answered %d", d.Status)
		if text := http.StatusText(d.Status); text != "" {
			words += " (" + text + ")"
		}
		return words
	}
	switch d.Class {
	case measure.Timeout.String():
		return "no reply in time"
	case measure.ConnectTimeout.String():
		return "no connection in time"
	case measure.DNS.String():
		return "the host's name was not found"
	case measure.Refused.String():
		return "the connection was refused"
	case measure.TLS.String():
		return "the TLS handshake failed"
	case measure.Write.String():
		return "the request could not be sent whole"
	case measure.Reset.String():
		return "the connection was lost before the reply"
	case measure.Malformed.String():
		return "the reply was no HTTP"
	case measure.Exhausted.String():
		return "this machine had no connection left"
	case measure.Duplicate.String():
		return "answered 200, called a duplicate"
	case measure.Rejected.String():
		return "answered 200 without saying that the call was imported"
	default: // of a later version
		return d.Class
	}
}

// adviceOn says in a sentence what to do about a kind of failure; for most, nothing.
func adviceOn(d measure.ErrorDetail) field.Message {
	switch {
	case d.Status == http.StatusUnauthorized, d.Status == http.StatusForbidden:
		return "The key was refused: see {api_key}, and for which systems the server lets it send."
	case d.Status == http.StatusNotFound, d.Status == http.StatusMethodNotAllowed:
		return "The path is not one that it takes uploads at: see {url} and {clients}."
	case d.Status == http.StatusBadRequest, d.Status == http.StatusUnsupportedMediaType,
		d.Status == http.StatusExpectationFailed,
		d.Status == http.StatusUnprocessableEntity:
		return "It cannot read the call in the form that this client sends: try another {clients}."
	case d.Class == measure.Malformed.String(), d.Class == measure.TLS.String():
		return "See whether {url} is to begin with http:// or https://."
	default:
		return ""
	}
}

// escapes matches the control sequences of a terminal, such as those for colours.
var escapes = regexp.MustCompile(`\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|.)`)

// sanitize makes text from outside fit for a line: it has no control or invisible characters, and is not too long.
func sanitize(s string) string {
	const most = 160
	s = plain.Line(escapes.ReplaceAllString(s, ""), -1)
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most-1]) + "…"
	}
	return s
}
