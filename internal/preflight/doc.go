// Package preflight prepares a run against a server.
//
// [Run] finds out whether the server can be tested at all, and returns what it has [Learned] about it. It never changes
// the scenario. A [Primer] makes the server learn talkgroups before the run, with one call of each.
package preflight
