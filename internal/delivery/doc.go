// Package delivery finds out whether the calls that a server acknowledged were really stored.
//
// A [Ledger] takes a receipt for each call of a run, at a price that the upload path does not notice. A [Prober] looks
// at where the server keeps its calls: through its API, in its database, or, where the server forwards them, at a
// [Sink]. A [Watch] looks while the run goes, waits after it until the backlog is stored, and then accounts: each
// acknowledged call is stored, stored altered, dropped as a duplicate, missing or pending, and these add up.
//
// Everything is read-only and gentle. Calls are known by the run's id and their number in the audio's file name, whose
// extension a server may change; where a server does not keep names, by system, talkgroup and time. Calls of others are
// left alone, so that several runs can look at one server at the same time.
package delivery
