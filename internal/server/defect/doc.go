// Package defect makes the bundled server commit, for real, the sins that load tests exist to find: it leaks memory,
// blocks, loses acknowledged calls, exhausts its connections. A diagnosis that names each of them by what a run
// observed, and none for the healthy server, can be trusted with servers whose sins nobody knows.
//
// A defect wraps a part of the server: its store, its handler, its listener. It never reaches into the server, and
// never tells the generator anything: its effect must show from outside. It is for loopback addresses and throw-away
// data only.
package defect
