// Package radio is the world that calls come from: a [Network] of systems, talkgroups, radios and sites, how popular
// each talkgroup is, how long calls last, and a [Calendar] that dates calls so that no two are duplicates of each
// other. Recorded calls are dated in package traffic instead.
//
// All of it is drawn by number (see package random): the same seed makes the same world and the same calls. Nothing is
// allocated for a call. What is taken from real networks says from which; what is a guess says so.
package radio
