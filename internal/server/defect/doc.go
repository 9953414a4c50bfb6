// Package defect adds real defects to the bundled server, of the kinds that load tests exist to find: it leaks memory,
// blocks, loses acknowledged calls, exhausts its connections. A diagnosis that names each defect from the results of a
// run, and finds none in the healthy server, can be trusted with servers whose defects are unknown.
//
// A defect wraps a part of the server: its store, its transcription engine, its handler, its listener. It never changes
// the server's internals and never reports anything to the load generator: its effect must be visible from outside. It
// is for loopback addresses and throw-away data only.
package defect
