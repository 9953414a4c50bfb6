package upload

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// Uploader sends calls for one goroutine, one after the other. It keeps the state that this takes, such as a
// connection.
type Uploader interface {
	// Upload sends a call as its client does and waits for the reply, up to the scenario's timeout. Every way in which
	// that can end is an Attempt. Nothing is sent twice.
	Upload(ctx context.Context, s *Request) Attempt
	// Close frees the resources of the uploader.
	Close()
}

// Attempt is the outcome of one upload, as the uploader saw it.
type Attempt struct {
	Sent   time.Time // when the first byte was sent; zero if none was
	Class  measure.Class
	Status int    // HTTP status; 0 without a reply
	Bytes  int64  // of the request body that were sent
	Size   int64  // of the request body; 0 without a connection
	Detail string // what was wrong, in one line; empty if accepted

	Redirects uint8 // redirects that were followed

	Location string // of a redirect, as the reply has it: it may hold a secret

	Steps       measure.StepTimes
	NewConn     bool // a connection was opened for it
	Reconnected bool // as the server had closed the connection that was kept
}

// ReplyText returns the reply in one line that begins with its status, or what was wrong if there was no reply.
func (a *Attempt) ReplyText() string {
	if a.Status == 0 {
		return a.Detail
	}
	return FormatReply(a.Status, a.Detail)
}

// FormatReply returns the status of a reply and its first line, if it has one.
func FormatReply(status int, line string) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, line))
}

// ClassOf returns the class of an upload that got a reply.
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

// Fail records why there was no reply.
func (a *Attempt) Fail(class measure.Class, err error) {
	a.Class, a.Detail = class, Describe(err)
	if class == measure.ConnectTimeout {
		a.Detail = "no connection in time"
	}
}
