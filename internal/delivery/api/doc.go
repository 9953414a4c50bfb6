// Package api reads the list of calls that a server shows over HTTP: that of rdiostress's own server, of
// sdrtrunk-rdio-api, and of tr-engine.
//
// A list is only counted while a run goes, since reading it costs a server far more than a count does, and read in full
// in the end, as fast as the server answers. It is read, in this order of preference, behind a cursor, which shows
// every call once with any number of servers; behind an id, and then what lies below it by the dates of the run's
// calls; or page by page by these dates. The first two have hashes. However large a list is, only what the run can have
// brought is read, and a list that brings nothing new, or never ends, is not read on.
package api
