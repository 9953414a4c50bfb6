package wire

import (
	"time"

	"rdiostress/internal/upload"
)

// Handler receives the outcome of the uploads of a Loop.
type Handler interface {
	// UploadDone receives the outcome of the upload over a connection. It must not start another upload.
	UploadDone(index int, a *upload.Attempt, at time.Duration)
}

// Loops reports whether a [Loop] can drive uploads to the target: it cannot drive TLS.
func (t *Target) Loops() bool { return loops && t.tls == nil }

// Together makes targets take their times from the same zero, and count the connections that they hold together. It is
// called before any of them is used.
func Together(targets []*Target) {
	for _, t := range targets {
		t.start, t.held = targets[0].start, targets[0].held
	}
}

// Start returns the zero of the times of uploaders and loops.
func (t *Target) Start() time.Time { return t.start }

// noDeadline is later than any time.
const noDeadline = time.Duration(1<<63 - 1)
