// Package radio simulates the radio networks that calls come from: a [Network] of systems, talkgroups, radios and
// sites, the popularity of each talkgroup, the lengths of calls, and a [Calendar] that dates calls so that no two are
// duplicates. Recorded calls are dated in package traffic instead.
//
// Everything is drawn by number (see package random): the same seed gives the same networks and calls. A call allocates
// nothing. Values from real networks name their source; guesses are marked as such.
package radio
