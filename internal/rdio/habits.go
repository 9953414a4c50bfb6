package rdio

import (
	"net/http"
	"time"
)

// Habits are how a client goes about its uploads: when it sends the calls that wait, and what it does when one fails.
type Habits struct {
	// Poll is how far apart the times are at which all waiting calls are sent at once; 0 sends each call at once.
	Poll time.Duration
	// TestEvery is how far apart connection tests are at least. Nothing is sent before one has passed, nor after an
	// upload has failed until one passes again; 0 is a client without tests.
	TestEvery time.Duration
	MaxAge    time.Duration // waiting calls that began longer ago are dropped; 0 keeps them
	Hold      time.Duration // how long a connection stays open after the answer; 0 closes it or uses it again
}

// Habits returns how the client goes about its uploads. SDRTrunk has a queue for each stream, that is for each system,
// which it looks at twice a second; its age of ten minutes is the default of its setting. rdio-scanner never closes the
// body of an answer, so that its connections stay open until the timeout of its HTTP client. The others upload each
// call on a thread or in a process of its own, as soon as it is over.
func (c Client) Habits() Habits {
	switch c {
	case SDRTrunk:
		return Habits{Poll: 500 * time.Millisecond, TestEvery: 5 * time.Second, MaxAge: 10 * time.Minute}
	case RdioScanner:
		return Habits{Hold: 30 * time.Second}
	default:
		return Habits{}
	}
}

// SharesHTTP2 reports whether the client sends calls over one connection where it speaks HTTP/2. libcurl could, but
// trunk-recorder forgets its connections after each call. The connections that rdio-scanner leaves open over HTTP/1.1
// are those of Go's HTTP client, which over HTTP/2 has one, and is done with a stream when its answer has come.
func (c Client) SharesHTTP2() bool { return c == SDRTrunk || c == RdioScanner }

// Follows reports whether the client sends a call again, to where a reply with this status redirects it.
func (c Client) Follows(status int) bool {
	switch c {
	case SDRTrunk, Voxcall, RdioScanner:
		return status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect
	default:
		return false
	}
}
