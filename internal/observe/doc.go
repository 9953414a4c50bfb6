// Package observe watches the server under test while a load runs: its process, its folders, the figures that it shows
// of itself, its machine and its database, once a second. What it sees lands in [measure.Samples], on the timeline of
// the run. What cannot be seen is absent, and the [measure.Watch] says why.
package observe
