// Package sink receives the calls that a server forwards, as what rdio-scanner calls a downstream, and can list them as
// a server's own API does.
package sink
