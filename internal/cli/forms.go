package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"rdiostress/internal/flaghelp"
	"rdiostress/internal/report"
	"rdiostress/internal/report/csv"
	"rdiostress/internal/report/hdrlog"
	"rdiostress/internal/report/html"
	"rdiostress/internal/report/junit"
	"rdiostress/internal/report/markdown"
)

// formPaths are where the forms of a report go: a file each, "-" for stdout, or nowhere if empty.
type formPaths struct {
	json, html, markdown, junit, csv, hdrLog string

	step     string // the summary of the CI job's step; empty if there is none
	byItself bool   // add to it without being asked to
}

// stepSummary is the variable in which a job of GitHub Actions has the path of its step's summary.
const stepSummary = "GITHUB_STEP_SUMMARY"

// formFlag is the flag of a form.
type formFlag struct {
	flaghelp.Flag
	path  *string
	usage string
}

// flags are the flags of the forms, in the order in which help has them.
func (p *formPaths) flags() []formFlag {
	named := func(name, extension string, path *string, usage string) formFlag {
		return formFlag{flaghelp.Flag{Name: name, Value: "file|-", Extensions: []string{extension}}, path, usage}
	}
	return []formFlag{
		named("json", "json", &p.json,
			"write the report to this file as JSON; - writes it to stdout instead of the summary"),
		named("html", "html", &p.html,
			"write the report to this file as a page with charts, which needs no network; - writes it to stdout"),
		named("markdown", "md", &p.markdown,
			"write a summary of the report to this file as Markdown; - writes it to stdout"),
		named("junit", "xml", &p.junit,
			"write thresholds, alerts and findings to this file as test results (JUnit XML); - writes them to stdout"),
		named("csv", "csv", &p.csv,
			"write the figures of each interval to this file as CSV; - writes them to stdout"),
		named("hdr-log", "hlog", &p.hdrLog,
			"write all response times to this file as a log of HdrHistogram; - writes it to stdout"),
	}
}

// addFlags adds the flags of the forms, but not that of a form to leave out.
func (p *formPaths) addFlags(f *pflag.FlagSet, leaveOut string) {
	for _, one := range p.flags() {
		if one.Name != leaveOut {
			f.Var(&pathValue{path: one.path}, one.Name, one.usage)
		}
	}
}

// pathValue is where a form goes. Each form goes to one place: of two, none is dropped without a word.
type pathValue struct {
	path  *string
	given bool
}

// Set implements pflag.Value.
func (v *pathValue) Set(text string) error {
	if v.given && text != *v.path {
		return &valueError{text, fmt.Sprintf("is a second place, after %q: give one", *v.path)}
	}
	*v.path, v.given = text, true
	return nil
}

// String implements pflag.Value.
func (v *pathValue) String() string {
	if v.path == nil {
		return ""
	}
	return *v.path
}

// Type implements pflag.Value.
func (v *pathValue) Type() string { return "string" }

// formGroup returns the flags of the forms for help, but not that of a form to leave out.
func formGroup(leaveOut string) (list []flaghelp.Flag) {
	for _, one := range new(formPaths).flags() {
		if one.Name != leaveOut {
			list = append(list, one.Flag)
		}
	}
	return list
}

// check returns an error if a form cannot be written where it is to go, as far as that shows now, or if one form would
// take the place of another. Only one can be on stdout.
func (p *formPaths) check(flags *pflag.FlagSet) error {
	var errs problems
	var onStdout []string
	given := slices.DeleteFunc(p.flags(), func(f formFlag) bool { return flags.Lookup(f.Name) == nil })
	for i, one := range given {
		errs = append(errs, checkReportPath(one.Name, *one.path, flags.Changed(one.Name)))
		if *one.path == "-" {
			onStdout = append(onStdout, "{"+one.Name+"}")
			continue
		}
		for _, other := range given[:i] {
			errs.check(sameFile(*one.path, *other.path), "{"+other.Name+"} and {"+one.Name+"} name the same file")
		}
	}
	if last := len(onStdout) - 1; last > 0 {
		both := map[bool]string{true: "both", false: "all"}[last == 1]
		errs.check(true, strings.Join(onStdout[:last], ", ")+" and "+onStdout[last]+" cannot "+both+" be on stdout")
	}
	return errs.join()
}

// sameFile reports whether two paths are those of one regular file, or of one that is yet to be made.
func sameFile(a, b string) bool {
	if a == "" || b == "" || a == "-" || b == "-" {
		return false
	}
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return infoA.Mode().IsRegular() && os.SameFile(infoA, infoB)
	}
	absA, errA := filepath.Abs(a)
	absB, errB := filepath.Abs(b)
	return errA == nil && errB == nil && absA == absB
}

// writers write the forms of a report.
type writers struct {
	json, html, junit, csv, hdrLog func(io.Writer) error

	markdown func(w io.Writer, most int) error // in at most so many bytes; 0: in any number
}

// ofRun are the forms of the report of a run.
func (p *formPaths) ofRun(rep *report.Report) []form {
	return p.forms(&writers{
		json: func(w io.Writer) error { return report.WriteJSON(w, *rep) },
		html: func(w io.Writer) error {
			return html.WriteReport(w, *rep, html.Options{Scenario: repeatRun(rep)})
		},
		markdown: func(w io.Writer, most int) error {
			return markdown.WriteReport(w, *rep, markdown.Options{Scenario: repeatRun(rep), MaxBytes: most})
		},
		junit:  func(w io.Writer) error { return junit.WriteReport(w, *rep) },
		csv:    func(w io.Writer) error { return csv.WriteReport(w, *rep) },
		hdrLog: func(w io.Writer) error { return hdrlog.WriteReport(w, *rep) },
	})
}

// ofSearch are the forms of the report of a search for a capacity.
func (p *formPaths) ofSearch(rep *report.Capacity) []form {
	return p.forms(&writers{
		json: func(w io.Writer) error { return report.WriteCapacityJSON(w, *rep) },
		html: func(w io.Writer) error {
			return html.WriteCapacity(w, *rep, html.Options{Scenario: repeatSearch(rep)})
		},
		markdown: func(w io.Writer, most int) error {
			return markdown.WriteCapacity(w, *rep, markdown.Options{Scenario: repeatSearch(rep), MaxBytes: most})
		},
		junit:  func(w io.Writer) error { return junit.WriteCapacity(w, *rep) },
		csv:    func(w io.Writer) error { return csv.WriteCapacity(w, *rep) },
		hdrLog: func(w io.Writer) error { return hdrlog.WriteCapacity(w, *rep) },
	})
}

// forms are the forms of a report, in the order in which they are written. The summary of the CI job's step is added to
// what other programs have written there, also if its path was named.
func (p *formPaths) forms(to *writers) []form {
	asked := form{flag: "markdown", path: p.markdown, write: func(w io.Writer) error { return to.markdown(w, 0) }}
	named := sameFile(p.markdown, p.step)
	if named {
		asked.add = to.markdown
	}
	forms := []form{
		{flag: "json", path: p.json, write: to.json},
		{flag: "html", path: p.html, write: to.html},
		{flag: "junit", path: p.junit, write: to.junit},
		{flag: "csv", path: p.csv, write: to.csv},
		{flag: "hdr-log", path: p.hdrLog, write: to.hdrLog},
		asked,
	}
	if p.byItself && p.step != "" && !named {
		forms = append(forms, form{path: p.step, add: to.markdown})
	}
	return forms
}
