// Package traffic makes the calls of a run: [Traffic.Next] makes call n, from the seed and n alone.
//
// The client, the talkgroup and the radio of a call are drawn. Its date is claimed from a calendar, so that no server
// can take two calls for duplicates of each other. Usually a call is dated a minute back. A talkgroup that has more
// than one call a second uses lanes, which are copies of the run's time in the past days: each has room for one more
// call a second. The calendar keeps gaps between the lanes for other runs.
//
// If a scenario replays an archive, the calls are recorded ones. They keep their distances in time, and are dated in
// tiles as long as the run, at the distance of lanes.
package traffic
