// Package exporter shows a run, or a search for a capacity, to Prometheus while it goes on.
//
// An [Exporter] is an observer of trials. It keeps the last state that it was told, so that it costs the uploads
// nothing: the recorder of a run adds up what its uploaders have recorded once a second, and the exporter turns those
// sums into metrics when they are gathered. Histograms have classic buckets and, for scrapers that ask for them, native
// ones. A [Server] serves them, and knows whether those who scrape it have seen the end.
//
// What is not known is absent: there is no backlog of a run whose storage is not verified.
package exporter
