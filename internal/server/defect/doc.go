// Package defect makes the bundled server commit, for real, the sins that load tests exist to find: it leaks memory, blocks, loses
// acknowledged calls, exhausts its connections. A diagnosis that names each of them by what a run observed, and names none for
// the healthy server, can be trusted with servers whose sins nobody knows.
//
// A defect wraps what the server is made of: its store, its handler, its listener. It never reaches into the server, and never
// tells the generator anything: what it does must show from outside. It is for loopback addresses and throw-away data only.
package defect
