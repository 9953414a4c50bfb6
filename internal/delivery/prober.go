package delivery

import (
	"context"
	"crypto/sha256"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"
)

// Row is a call as a server stores it.
type Row struct {
	ID        int64
	Name      string // the audio's file name; empty if not kept
	System    int64  // negative if not known, or OthersSystem
	Talkgroup int64
	Time      time.Time // when the call began; zero if unreadable
	Size      int64     // of the audio, in bytes; negative if not known
	Sum       [sha256.Size]byte
	HasSum    bool // whether Sum is the hash of the stored audio

	Audio       []byte       // stored audio, valid only during the visit; nil if not available
	NoAudio     string       // why there is neither Audio nor Sum, if known
	measurement *measurement // of audio that was available
}

// OthersSystem stands for a system whose label this program did not give. A call in it belongs to no run, unless the
// run uses foreign labels.
const OthersSystem = -2

// Place is where a server's stored calls can be seen: a [Prober], which is polled, or a [Feed], which pushes calls.
type Place interface {
	// Method returns the report's name of the method: "sqlite", "postgres", "mysql", "api" or "sink".
	Method() string

	// Source describes what was recognised, such as "rdio-scanner 7 on SQLite".
	Source() string

	Close() error
}

// Prober reads the calls that a server stores, and never changes anything there. One goroutine uses it at a time.
type Prober interface {
	Place

	// Poll visits the rows that came since the last poll; the first time, since the prober was opened. It stops soon,
	// with what it has: the next poll continues from there. It may visit a call again.
	Poll(ctx context.Context, v *Visitor) error

	// ReadAll visits everything since the prober was opened, each call once, and with the audio's hash if the server
	// keeps the bytes that it was sent or can return their hash. It may visit older calls with dates of the run's
	// calls. An error that wraps ErrBegunAnew means that the rows visited so far do not count.
	ReadAll(ctx context.Context, v *Visitor) error
}

// ErrBegunAnew means that a server started again with an empty store while everything was read: the rows visited are
// gone, and everything has to be read again.
var ErrBegunAnew = errors.New("the server has begun anew with an empty store while its calls were read")

// Feed receives calls from a server as it stores or forwards them. It is safe for concurrent use.
type Feed interface {
	Place

	// Follow has account called with each call as it comes. account returns false for a call that cannot be accounted
	// yet, because its upload is not answered: VisitEarly visits that one later.
	Follow(account func(r *Row, at time.Time) bool)

	// VisitEarly visits once each call that could not be accounted when it came.
	VisitEarly(visit func(r *Row))

	// Received returns how many calls came, of all runs.
	Received() int64

	// Address returns where the server sends the calls.
	Address() net.Addr
}

// FileKeeper is implemented by probers of servers that keep audio in files with paths that may be relative to a folder
// of the server's, such as its working directory. One goroutine uses it at a time, and never while Poll or ReadAll
// runs.
type FileKeeper interface {
	// AudioFolders adds base folders for relative paths, to be tried before the known ones.
	AudioFolders(folders ...string)
}

// Visitor is called with what a prober finds. It does not keep rows.
type Visitor struct {
	From, To time.Time // range of the run's dates; only for ReadAll

	Row    func(r *Row)
	Logged func(line string) // a line of the server's log, of the run or not; may be nil
	Count  func(calls int64) // calls since the prober was opened, if only ReadAll can tell them apart

	// Foreign reports whether a row can be skipped because its name belongs to another run; only for ReadAll.
	Foreign func(name string) bool

	// Progress is called while a list of known length is read in full, with how many calls were read so far and how
	// many there are. It may be nil.
	Progress func(read, total int64)
}

// ParseTime reads a time as databases store it: Unix milliseconds, or a text whose first 19 letters are date and time
// of day in UTC. It returns zero for anything else.
func ParseTime(s string) time.Time {
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.UnixMilli(ms).UTC()
	}
	if len(s) < len(time.DateTime) {
		return time.Time{}
	}
	t, err := time.Parse(time.DateTime, strings.Replace(s[:len(time.DateTime)], "T", " ", 1))
	if err != nil {
		return time.Time{}
	}
	return t
}
