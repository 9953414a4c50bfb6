package upload

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// Uploader sends calls for one goroutine, one at a time, and keeps whatever state that takes (a connection, buffers).
type Uploader interface {
	// Upload sends a slip's call as its client does and waits for the reply, at most for the scenario's timeout. Every
	// way in which that can end is an Attempt; nothing is sent twice.
	Upload(ctx context.Context, s *Request) Attempt
	// Close frees what the uploader holds.
	Close()
}

// Attempt is how one upload went, as the uploader saw it.
type Attempt struct {
	Sent   time.Time // when the first byte was sent; zero where none was
	Class  measure.Class
	Status int    // HTTP status, 0 without a reply
	Bytes  int64  // of the request body
	Detail string // what was wrong, in a line; empty if accepted

	Steps       measure.StepTimes
	NewConn     bool // a connection was opened for it
	Reconnected bool // it had to be, as the server had closed the one that was kept
}

// ReplyText is the answer in one line, status first; without one, what was wrong.
func (a *Attempt) ReplyText() string {
	if a.Status == 0 {
		return a.Detail
	}
	return ReplyWords(a.Status, a.Detail)
}

// ReplyWords is a reply's status and its first line, if it has one.
func ReplyWords(status int, line string) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, line))
}

// ClassOf says how an upload ended that got a reply.
func ClassOf(a rdio.Answer) measure.Class {
	switch a {
	case rdio.Imported:
		return measure.Accepted
	case rdio.Duplicate:
		return measure.Duplicate
	case rdio.Rejected:
		return measure.Rejected
	case rdio.Unauthorised:
		return measure.Unauthorised
	case rdio.Incomplete:
		return measure.Incomplete
	default:
		return measure.Status
	}
}

// Fail notes why there was no reply.
func (a *Attempt) Fail(class measure.Class, err error) {
	a.Class, a.Detail = class, Describe(err)
	if class == measure.ConnectTimeout {
		a.Detail = "no connection in time"
	}
}
