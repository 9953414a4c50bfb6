package wire

import (
	"time"

	"rdiostress/internal/upload"
)

// LoopDone is told by a Loop what became of uploads.
type Handler interface {
	// UploadDone takes how the upload over the connection of an index ended. It must not begin another.
	UploadDone(index int, a *upload.Attempt, at time.Duration)
}

// Loops tells whether uploads to the target can be driven by a [Loop]: they are not encrypted.
func (t *Target) Loops() bool { return loops && t.tls == nil }

// Start is what the clocks of uploaders and loops count from.
func (t *Target) Start() time.Time { return t.start }

// noDeadline is a time that does not come.
const noDeadline = time.Duration(1<<63 - 1)
