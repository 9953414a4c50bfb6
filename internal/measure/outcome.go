package measure

import (
	"net/http"
	"time"
)

// Outcome is the result of one upload. The three times are measured on the monotonic clock from the start of the run,
// so that time spent waiting inside the generator stays visible.
type Outcome struct {
	Due  time.Duration // when the call was due
	Sent time.Duration // when its first byte was sent; equal to Done if none was
	Done time.Duration // when the reply was complete, or the upload had failed

	// Lag is how late the generator was when it released the call to an uploader that waited for it. It is SlotWait if
	// the call was due before an uploader was free, and NoLag in the closed model, which has no due times.
	Lag time.Duration

	Phase  uint8     // index of the phase in which the call was due
	Client uint8     // index of the kind of client, below MaxClients
	Server uint8     // index of the server that got the upload, below MaxServers
	Steps  StepTimes // time spent in each step

	Class  Class
	Status uint16 // HTTP status of the reply; 0 without a reply
	Bytes  int64  // request bytes sent, by all attempts
	Size   int64  // of the request's body; 0 if the upload got no connection

	Redirects uint8 // how often it was sent once more, to where a reply redirected it
	// HeldUp means that the generator itself was stopped while the call was due, sent or answered, or was catching up
	// after a stop: the times say nothing about the server.
	HeldUp bool

	Duplicate bool // the call was an intentional duplicate
	First     bool // the call was the first of its talkgroup in the run

	Connected   bool // a connection was opened for it
	Reconnected bool // it was opened because the server had closed the kept-alive one

	Earlier EarlierAttempts // connections of earlier attempts

	// Detail is a sample of what went wrong, for people: an error's text or a reply's first line. Empty for accepted
	// uploads.
	Detail string
}

// EarlierAttempts counts the connections that were opened for a call's attempts before the last one.
type EarlierAttempts struct{ Connects, Reconnects uint8 }

// Add adds the connections of an attempt that was not the last.
func (e *EarlierAttempts) Add(o *Outcome) {
	if o.Connected {
		e.Connects++
	}
	if o.Reconnected {
		e.Reconnects++
	}
}

// Special values of an Outcome's Lag.
const (
	NoLag    time.Duration = -1
	SlotWait time.Duration = -2
)

// Response returns the response time: from when the call was due until it was done, including any wait in the
// generator.
func (o *Outcome) Response() time.Duration { return o.Done - o.Due }

// Service returns the service time: from the first byte sent until the upload was done.
func (o *Outcome) Service() time.Duration { return o.Done - o.Sent }

// Step is one part of an upload's time.
type Step uint8

// The steps, in order.
const (
	Connect   Step = iota // looking up the host and connecting
	Handshake             // TLS
	Send                  // until the last byte of the request was handed to the kernel
	Wait                  // from then until the first byte of the reply
	Read                  // from then until its last byte
	numSteps
)

// String returns the name that the report uses.
func (s Step) String() string {
	return [...]string{"connect", "tls", "write", "wait", "read"}[s]
}

// StepTimes is how long each step of an upload took; negative if the step did not happen or was not observed.
type StepTimes [numSteps]time.Duration

// NoSteps are the step times of an upload without observed steps.
func NoSteps() StepTimes { return StepTimes{-1, -1, -1, -1, -1} }

// Class is how an upload ended. Every upload has exactly one class.
type Class uint8

// The classes. Accepted is the only success.
const (
	// 200 and the text that says that the call was imported, or 201 with the stored call's number
	Accepted       Class = iota
	Timeout              // sent, but no complete reply in time
	ConnectTimeout       // no connection in time
	DNS                  // the host's name could not be resolved
	Refused              // connection refused
	TLS                  // the handshake failed
	Write                // the request could not be sent whole, and no reply came
	Reset                // the connection was closed or reset before a reply
	Malformed            // what came back is not HTTP
	Exhausted            // this machine had no file descriptor or port left: the generator was the limit
	Status               // another HTTP status than 200
	Unauthorised         // 401 or 403: the key was refused
	Incomplete           // 417: the server missed a field
	Rejected             // 200 without the text that says that the call was imported
	Duplicate            // 200 or 409 saying that the call was dropped as a duplicate
	numClasses
)

// Parent is the member of the report's "errors" in which a class counts.
type Parent string

// The parents, by their names in the report. Accepted has none.
const (
	ParentNone       Parent = ""
	ParentTimeout    Parent = "timeout"
	ParentConnection Parent = "connection"
	ParentHTTP       Parent = "http"
	ParentRejected   Parent = "rejected"
)

// String returns the class's name in the report's "error_details".
func (c Class) String() string {
	switch c {
	case Accepted:
		return "accepted"
	case Timeout:
		return "reply_timeout"
	case ConnectTimeout:
		return "connect_timeout"
	case DNS:
		return "dns"
	case Refused:
		return "connect_refused"
	case TLS:
		return "tls"
	case Write:
		return "write"
	case Reset:
		return "reset"
	case Malformed:
		return "malformed_reply"
	case Exhausted:
		return "generator_exhausted"
	case Status:
		return "http_status"
	case Unauthorised:
		return "unauthorised"
	case Incomplete:
		return "incomplete"
	case Rejected:
		return "rejected"
	case Duplicate:
		return "duplicate"
	default:
		return "unknown"
	}
}

// mayBeStop reports whether an upload may have failed so because the generator itself was stopped. What the server or
// its machine answered is its own, and an exhausted generator is told of by itself.
func (c Class) mayBeStop() bool {
	switch c {
	case Timeout, ConnectTimeout, DNS, TLS, Write, Reset:
		return true
	default:
		return false
	}
}

// Parent returns the member of the report's "errors" in which the class counts. A Duplicate with an error status counts
// as HTTP: see [Outcome.Parent].
func (c Class) Parent() Parent {
	switch c {
	case Accepted:
		return ParentNone
	case Timeout, ConnectTimeout:
		return ParentTimeout
	case Status, Unauthorised, Incomplete:
		return ParentHTTP
	case Rejected, Duplicate:
		return ParentRejected
	default:
		return ParentConnection
	}
}

// Parent returns the member of the report's "errors" in which the outcome counts.
func (o *Outcome) Parent() Parent { return parentOf(o.Class, o.Status) }

// parentOf returns the parent of a class of replies with a given status.
func parentOf(c Class, status uint16) Parent {
	if c == Duplicate && status != http.StatusOK {
		return ParentHTTP
	}
	return c.Parent()
}
