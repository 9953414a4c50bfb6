// Package torture drives the real program through faults, and checks after each what the program promises: that serve
// has stored, once and unaltered, each call that it has acknowledged; and that the report of run is whole, or is not
// there. It has no code, only tests.
//
// TestTorture tries each fault once, briefly. "make torture" goes through the faults again and again, with times that a
// seed draws, and writes what came of it into docs/reliability.md.
package torture
