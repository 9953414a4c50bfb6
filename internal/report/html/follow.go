package html

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"rdiostress/internal/report"
)

//go:embed assets/follow.js
var followScript string

// Running says how far something is that goes on, in place of its verdict.
type Running struct {
	Head  string   // what is done
	Notes []string // what to know of the figures
	// Failed is the exit code in words, if it failed and goes on no more; empty while it goes on.
	Failed string
}

// goesOn has the page show what goes on; nil is over.
func (p *page) goesOn(r *Running) {
	if r == nil {
		return
	}
	p.Badge, p.Tone, p.Head, p.Exit = "Running", toneWarn, r.Head, ""
	p.Reasons, p.Warnings, p.Findings = nil, r.Notes, nil
	p.NoFinding = "What is wrong is looked for at the end."
	if r.Failed != "" {
		p.Badge, p.Tone, p.Exit = "No report", toneBad, r.Failed
		p.NoFinding = "There is no report, so that nothing was looked for."
	}
}

// State is what a page that follows something shows of it at a time.
type State struct {
	Title string `json:"title"` // of the document
	When  string `json:"when"`  // what was made, and when
	Main  string `json:"main"`  // markup of the main part
}

// StateOfRun returns the state of a run. The report of one that goes on is not in it.
func StateOfRun(rep *report.Report, opts Options) (State, error) {
	return stateOf(runPage(rep, opts), opts, "report-"+rep.Run.ID,
		func(w io.Writer) error { return report.WriteJSON(w, *rep) })
}

// StateOfSearch returns the state of a search for a capacity.
func StateOfSearch(rep *report.Capacity, opts Options) (State, error) {
	return stateOf(capacityPage(rep, opts), opts, "capacity-"+rep.Run.ID,
		func(w io.Writer) error { return report.WriteCapacityJSON(w, *rep) })
}

func stateOf(p *page, opts Options, name string, document func(io.Writer) error) (State, error) {
	if opts.Running == nil {
		if err := p.embed(name, document); err != nil {
			return State{}, fmt.Errorf("render page: %w", err)
		}
	}
	var main strings.Builder
	err := p.execute(&main, "main")
	return State{visible(p.Title), visible(p.When), main.String()}, err
}

// Follow is a page that follows something: it shows a state, and asks for later ones as server-sent events, named
// "state" and "end", with a [State] as JSON each, at the address "events" beside its own.
type Follow struct {
	State
	Tool string // and its version
}

// Policy returns the content security policy of the page.
func (f *Follow) Policy() string {
	return fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; connect-src 'self'; base-uri 'none'; "+
		"form-action 'none'", hash(libraryStyle+style), hash(followScript))
}

// Write writes the page.
func (f *Follow) Write(w io.Writer) error {
	p := &page{
		Title: f.Title, When: f.When, Tool: f.Tool, Following: true, Policy: f.Policy(),
		Style: template.CSS(libraryStyle + style), Script: template.JS(followScript), Rendered: template.HTML(f.Main),
	}
	return p.execute(w, "page")
}
