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

// Row is a call as a server keeps it.
type Row struct {
	ID        int64
	Name      string // the audio's file name; empty where it is not kept
	System    int64  // negative where it is not known, or OthersSystem
	Talkgroup int64
	Time      time.Time // when the call began; zero where it cannot be read
	Size      int64     // of the audio, in bytes; negative where it is not known
	Sum       [sha256.Size]byte
	HasSum    bool // whether Sum is that of the audio that is kept

	Audio       []byte       // that is kept, only while the row is told of; nil where it is not at hand
	NoAudio     string       // why there is neither Audio nor Sum, where that is known
	measurement *measurement // of audio that was at hand
}

// OthersSystem is a system with a label that this program does not give. A call in it belongs to no run, unless the run
// has labels of others.
const OthersSystem = -2

// Place is where it can be seen what a server stores: a [Prober], which is asked, or a [Feed], which tells by itself.
type Place interface {
	// Method is how it is seen, by the name that the report has for it: "sqlite", "postgres", "mysql", "api" or "sink".
	Method() string

	// Source says in words what was recognised, such as "rdio-scanner 7 on SQLite".
	Source() string

	Close() error
}

// Prober reads where a server keeps its calls, and never changes anything there. One goroutine uses it at a time.
type Prober interface {
	Place

	// Poll visits what came since it polled last, the first time since it was opened. It gives up soon, and with what
	// it has: the next poll goes on from there. It may visit a call again.
	Poll(ctx context.Context, v *Visitor) error

	// ReadAll visits everything since the prober was opened, each call once and, where the server keeps the bytes that
	// it was sent or can be asked for their hash, with the audio's hash. It may visit older calls that are dated as the
	// run's are. An error that wraps ErrBegunAnew says that what it has visited does not count.
	ReadAll(ctx context.Context, v *Visitor) error
}

// ErrBegunAnew says that a server has begun anew with an empty store while everything was read: what was visited is not
// there any more, and everything has to be read again.
var ErrBegunAnew = errors.New("the server has begun anew with an empty store while its calls were read")

// Feed is sent calls by a server as it stores or forwards them. It is safe for concurrent use.
type Feed interface {
	Place

	// Follow has account called with each call as it comes. It reports false for a call that cannot be accounted yet,
	// since its upload has not been answered: VisitEarly visits that one later.
	Follow(account func(r *Row, at time.Time) bool)

	// VisitEarly visits each call once that could not be accounted when it came.
	VisitEarly(visit func(r *Row))

	// Received is how many calls came, of any run.
	Received() int64

	// Address is where the server sends them.
	Address() net.Addr
}

// FileKeeper is implemented by probers of servers that keep audio in files, and name them by paths that may begin in a
// folder of the server's, such as the one that it works in. One goroutine uses it at a time, and never together with
// Poll or ReadAll.
type FileKeeper interface {
	// AudioFolders adds folders in which paths may begin, to be tried before those that are known.
	AudioFolders(folders ...string)
}

// Visitor is called with what a prober finds. It keeps nothing of a row.
type Visitor struct {
	From, To time.Time // what the run's calls are dated to; only for All

	Row    func(r *Row)
	Logged func(line string) // a line of the server's log, of the run or not; nil where nobody listens
	Count  func(calls int64) // calls since the prober was opened, where they cannot be told apart until All

	// Foreign reports whether a row with a name need not be visited, since it belongs to another run; only for ReadAll.
	Foreign func(name string) bool

	// Progress is called while everything is read of a list that says how long it is, with how many calls were read by
	// now and how many there are. It may be nil.
	Progress func(read, total int64)
}

// ParseTime reads a time as databases keep it: Unix milliseconds, or a text whose first 19 letters are date and time of
// day in UTC. It is zero where it is neither.
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
