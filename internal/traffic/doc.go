// Package traffic makes the calls of a run: [Traffic.Next] makes call n, from the seed and n alone.
//
// Who sends it, from which talkgroup and through which radio is drawn; its date is claimed from a calendar, so that no
// server takes two calls for duplicates of each other. A date is normally a minute back. A talkgroup that has more than
// one call a second uses lanes: copies of the run's time in the past days, each with room for one more call a second.
// Recorded calls take the place of all that where a scenario replays an archive; they keep their distances in time, in
// tiles of the length of the run.
package traffic
