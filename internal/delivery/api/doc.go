// Package api reads the list of calls that a server shows over HTTP: that of rdiostress's own server, of
// sdrtrunk-rdio-api, and of tr-engine.
//
// A list is only counted while a run goes, since reading it costs a server far more than its newest line does, and read
// in full in the end.
package api
