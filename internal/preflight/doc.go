// Package preflight prepares a run against a server.
//
// [Run] looks whether the server can be tested at all and returns what it has [Learned]; it never changes the scenario.
// A [Primer] has the server learn talkgroups before the run, by one call of each.
package preflight
