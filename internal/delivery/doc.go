// Package delivery finds out whether the calls that a server acknowledged were really stored.
//
// A [Ledger] takes a receipt for each call of a run, at a cost that the upload path does not notice. A [Place] is where
// stored calls can be seen: a [Prober] is polled, a [Feed] pushes calls. Package sqldb has the probers of databases,
// api those of lists of calls, and sink the feed to which a server forwards its calls. A [Watch] polls while the run
// goes, waits after it until the backlog is stored, and then makes an account: each acknowledged call is stored, stored
// altered, dropped as a duplicate, missing or pending, and these add up (account.go). finish.go decides when a call
// without a trace is missing and no longer pending.
//
// All access is read-only and gentle. Calls are identified by the run's id and their number in the audio's file name,
// whose extension a server may change; if a server does not keep names, by system, talkgroup and time. Other calls are
// ignored, so that several runs can verify on one server at the same time.
package delivery
