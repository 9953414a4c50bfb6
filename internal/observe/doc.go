// Package observe watches the server under test while a load runs: its process, its folders, its own metrics, its
// machine and its database, once a second. Observations go to [measure.Samples], on the timeline of the run. A signal
// that cannot be observed is absent, and the [measure.Watch] says why.
//
// process.go reads a process and sum.go adds its children; scrape.go reads the server's own metrics and mapping.go
// names them. Package measure lists the signals.
package observe
