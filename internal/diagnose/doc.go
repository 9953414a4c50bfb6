// Package diagnose says why a server was slow, refused calls or lost them. It reads what a run measured and nothing
// else, so a saved report can be diagnosed again years later, by better rules.
//
// It works in two steps. Signals are named figures computed from a [measure.Result]: shares, slopes, periods, each with
// its unit; what was not observed is no signal. Rules are data, one file each in the folder rules: which signals
// together show which problem, what to say of it, and what the guide's fix is. A rule over a signal that is not there
// does not fire.
//
// The package does not know how a finding is shown, nor what it does to a verdict.
package diagnose
