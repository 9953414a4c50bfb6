package delivery

import (
	"context"
	"crypto/sha256"
	"errors"
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

// OthersSystem is a system whose label is none that this program gives. A call in it is none of a run's, unless the run
// has labels of others.
const OthersSystem = -2

// Prober looks at where a server keeps its calls, and never changes anything there. One goroutine uses it at a time.
type Prober interface {
	// Method is how it looks, by the name that the report has for it: "sqlite", "postgres", "mysql", "api" or "sink".
	Method() string

	// Source says in words what was recognised, such as "rdio-scanner 7 on SQLite".
	Source() string

	// Poll tells about what came since it looked last, the first time since it was opened. It gives up soon, and with
	// what it has: the next look goes on from there. It may tell about a call again.
	Poll(ctx context.Context, tell *Visitor) error

	// ReadAll tells about everything since the prober was opened, each call once and, where the server keeps the bytes that
	// it was sent or can be asked for their hash, with the audio's hash.
	ReadAll(ctx context.Context, tell *Visitor) error

	Close() error
}

// Visitor is what a prober calls with what it finds. It keeps nothing of a row.
type Visitor struct {
	From, To time.Time // what the run's calls are dated to; only for All

	Row    func(r *Row)
	Logged func(line string) // a line of the server's log, of the run or not; nil where nobody listens
	Count  func(calls int64) // calls since the prober was opened, where they cannot be told apart until All
}

// ErrUnknown says that a database holds no tables that are known.
var ErrUnknown = errors.New("no tables of a known server")
