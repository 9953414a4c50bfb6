// Package api reads the list of calls that a server shows over HTTP: that of rdiostress's own server, of
// sdrtrunk-rdio-api, and of tr-engine.
//
// While a run goes, the prober only counts a list, because reading it costs a server far more than a count. At the end
// it reads the list in full, as fast as the server answers. It prefers, in this order: a cursor, which shows every call
// once with any number of servers; an id, and then the calls with lower ids by the dates of the run's calls; or page by
// page by these dates. The first two have hashes. However large a list is, the prober reads only what can belong to the
// run, and stops if a list repeats itself or never ends.
package api
