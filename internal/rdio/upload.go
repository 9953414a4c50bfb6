package rdio

import "time"

// Upload is a call with its audio, as a client sends it.
type Upload struct {
	Call
	Number   uint64        // of the call among the client's, from 0
	Duration time.Duration // how long the audio plays
	Random   uint64        // what the client makes up for the call, such as a boundary, is derived from this

	// The audio file in two parts: a head of its own, which identifies the call, and a body that other calls may share.
	Head, Body []byte
}
