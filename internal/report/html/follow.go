package html

import (
	_ "embed"
	"encoding/json"
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
	p.NoFinding, p.NoDownload = "What is wrong is looked for at the end.", "The report is there when all is over."
	if r.Failed != "" {
		p.Badge, p.Tone, p.Exit = "No report", toneBad, r.Failed
		p.NoFinding, p.NoDownload = "There is no report, so that nothing was looked for.", "There is no report."
	}
}

// State is what a page that follows something shows of it at a time.
type State struct {
	Title string `json:"title"` // of the document
	When  string `json:"when"`  // what was made, and when
	Main  string `json:"main"`  // markup of the main part
	// Charts is what the script draws the charts from.
	Charts json.RawMessage `json:"charts"`
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
	if err := p.execute(&main, "main"); err != nil {
		return State{}, err
	}
	data, err := json.Marshal(dataOf(p.Charts))
	if err != nil {
		return State{}, fmt.Errorf("render page: %w", err)
	}
	return State{visible(p.Title), visible(p.When), main.String(), data}, nil
}

// Follow is a page that follows something: it shows a state, and asks for later ones as server-sent events, named
// "state" and "end", with a [State] as JSON each, at the address "events" beside its own.
type Follow struct {
	State
	Tool string // and its version
}

// Policy returns the content security policy of the page.
func (f *Follow) Policy() string { return f.page().Policy }

// Write writes the page.
func (f *Follow) Write(w io.Writer) error { return f.page().execute(w, "page") }

func (f *Follow) page() *page {
	p := &page{
		Title: f.Title, When: f.When, Tool: f.Tool, Following: true, Rendered: template.HTML(f.Main),
		Follower: template.JS(followScript),
	}
	p.dress(f.Charts)
	p.Policy = policy("'self'", p.Library, p.Script, p.Follower)
	return p
}
