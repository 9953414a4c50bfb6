// Package observe watches the server under test while a load runs: its process, its folders, the figures that it shows
// of itself, its machine and its database, once a second. What it sees lands in [measure.Samples], on the timeline of
// the run. What cannot be seen is absent, and the [measure.Watch] says why.
//
// A process is read in process.go and summed up with its children in sum.go; what a server shows of itself is read in
// scrape.go and named in mapping.go. The figures themselves are listed in package measure.
package observe
