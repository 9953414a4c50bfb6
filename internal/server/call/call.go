// Package call is the contract between the ingest server and what keeps its calls: the [Store] interface, the values
// that pass through it, the errors that a store returns, and the figures by which it describes itself.
//
// Stores import this package, and neither the server nor HTTP; the server imports it, and no store. What every store
// must do is tested by package storetest.
package call

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"time"
	"unsafe"

	"rdiostress/internal/rdio"
)

// The errors that a Store returns although nothing has failed.
var (
	ErrFull     = errors.New("too many calls are waiting to be stored")
	ErrClosed   = errors.New("the store is closed")
	ErrNotFound = errors.New("no such call")
	// ErrDuplicate says that another call of the same talkgroup lies within the duplicate window.
	ErrDuplicate = errors.New("duplicate call")
)

// The cursors that Follow can begin with.
const (
	CursorStart = "start"
	CursorNow   = "now"
)

// The errors of cursors.
var (
	ErrBadCursor = errors.New("malformed cursor")
	ErrOldCursor = errors.New("the cursor is of another database, or of a newer copy of this one")
)

// UnavailableError says that calls cannot be stored or read for now, for example because the database is down.
type UnavailableError struct {
	RetryAfter time.Duration // when it may be over; at least a second
	Readable   bool          // calls can be read nevertheless
	Logged     bool          // the log has it already
	Err        error
}

func (e *UnavailableError) Error() string { return "the store is unavailable: " + e.Err.Error() }
func (e *UnavailableError) Unwrap() error { return e.Err }

// ErrNotWritable is wrapped by the errors of opening a store whose database can be read, but not written.
var ErrNotWritable = errors.New("the database cannot be written")

// The errors that a Store wraps if it knows why a call was not stored.
var (
	ErrNoSpace = errors.New("the disk is full")
	ErrBadCall = errors.New("this call cannot be stored") // though others can
)

// Store keeps uploaded calls. Implementations are safe for concurrent use.
type Store interface {
	// Put keeps a call with its audio and returns its id. It returns only once Calls would include the call and neither
	// a crash of the process nor of the machine would lose it, or once it is certain that it is not kept. Since u may
	// be reused afterwards, ctx is ignored once the call is in the queue: a call may be kept although its client has
	// left.
	//
	// It returns ErrFull at once when too many calls wait, ErrClosed after Close, an UnavailableError at once while the
	// database is known to be down, and an error that wraps ErrNoSpace when the disk is full. Within the duplicate
	// window of another call, the same call sent again gets the id of the first, and any other call ErrDuplicate. A
	// call that cannot be stored fails alone, with ErrBadCall, whichever calls are stored together with it. The file of
	// an Upload is moved away if Put succeeds; if it fails, the file may be gone or still be there.
	Put(ctx context.Context, u *Upload) (id int64, err error)

	// Calls returns one page of the calls that q selects, and how many it selects in all, or -1 with q.Uncounted. A
	// call has the fields that lists show: neither units, frequencies, patches and groups nor the talkgroup's name and
	// tag, and labels of at most 1024 characters.
	Calls(ctx context.Context, q Query) (page []Record, total int64, err error)

	// Follow returns a page of the calls that q selects and that a reader at cursor has not seen, and the cursor of a
	// reader that has seen the page. A reader that continues from there sees each call once, in whatever order and by
	// whichever of several servers calls are stored. CursorStart is before all calls, and CursorNow after all calls
	// that are visible; its page is empty. The sort order of q is ignored, and so is what it says about pages, except
	// for their size. A page that is not full ends with the newest call.
	//
	// It returns ErrBadCursor for a text that is not a cursor, and ErrOldCursor for a cursor of another database.
	Follow(ctx context.Context, q Query, cursor string) (page []Record, next string, err error)

	// Listed returns the fields of one call that lists show, or ErrNotFound.
	Listed(ctx context.Context, id int64) (Record, error)

	// Call returns one call with all its fields but without its audio, or ErrNotFound.
	Call(ctx context.Context, id int64) (Record, error)

	// Audio opens a call's audio, or returns ErrNotFound. The caller closes it. It can be read, piece by piece, until
	// ctx ends.
	Audio(ctx context.Context, id int64) (io.ReadSeekCloser, error)

	// Ping returns an error if calls cannot be read.
	Ping(ctx context.Context) error

	// Gone checks whether the files that the store has open are the ones at their paths, which takes a few system
	// calls. While they are not, Gone and Put return an UnavailableError: what is stored then may be lost when the
	// server ends.
	Gone() error

	// Probe makes the writes of Put without a call, and returns the errors of Put. It waits for calls that are being
	// stored, and fails if ctx ends before its turn: then calls are held up as long.
	Probe(ctx context.Context) error

	// Usage tells how many calls are kept and how many bytes of audio they have. It counts no rows.
	Usage(ctx context.Context) (Usage, error)

	// Stats returns the store's own figures. It never waits for the database.
	Stats() Stats
}

// Usage is how much a Store keeps.
type Usage struct {
	Calls      int64
	AudioBytes int64
	// FreeBytes are free inside of the database's own files: deleted calls have left them, and new calls use them
	// before the disk's. It is 0 if unknown.
	FreeBytes int64
}

// Upload is a call on its way into the store.
type Upload struct {
	Call     rdio.Call
	Received time.Time

	Audio  []byte // the audio, if it is short enough for memory
	File   string // otherwise the path of a file with it that is on disk for good; the store takes it over
	Size   int64  // of the audio, in bytes
	SHA256 [sha256.Size]byte
}

// Record is a stored call without its audio.
type Record struct {
	ID        int64
	Call      rdio.Call
	Received  time.Time
	AudioSize int64
	SHA256    [sha256.Size]byte
}

// Bytes is about how much memory the record takes, without its lists.
func (r *Record) Bytes() int64 {
	c := &r.Call
	texts := len(c.AudioName) + len(c.AudioType) + len(c.SystemLabel) + len(c.TalkgroupLabel) + len(c.TalkgroupName) +
		len(c.TalkgroupTag) + len(c.TalkerAlias)
	return int64(unsafe.Sizeof(*r)) + int64(texts)
}

// SortKey is what a list of calls is sorted by.
type SortKey string

// The sort keys, by the names that the API gives them.
const (
	SortTimestamp SortKey = "timestamp"
	SortID        SortKey = "id"
	SortSystem    SortKey = "system_id"
	SortTalkgroup SortKey = "talkgroup_id"
)

// Query selects, sorts and pages calls. A zero System, Talkgroup, AfterID, From or To selects all.
type Query struct {
	System, Talkgroup int64
	AfterID           int64     // only calls with a higher id, for reading on where the last list ended
	Uncounted         bool      // do not count the total, which takes longer with more calls
	From, To          time.Time // both inclusive, to the millisecond
	SortBy            SortKey   // calls that are equal in it are sorted by id
	Descending        bool
	Page, PerPage     int     // both from 1
	MaxBytes          int64   // ends a page early once its calls take that much memory; 0 means no bound
	After             *Record // if set, a call that the query selects, after which the page begins, instead of at Page
	Total             int64   // from an earlier page, if After is set
}

// IsWhole reports whether a page of the query is complete, rather than ended early by MaxBytes.
func (q Query) IsWhole(page []Record) bool {
	size := int64(0)
	for i := range page {
		size += page[i].Bytes()
	}
	return len(page) >= q.PerPage || q.MaxBytes == 0 || size < q.MaxBytes
}

// Skip is how many calls come before the page.
func (q Query) Skip() int64 { return int64(q.Page-1) * int64(q.PerPage) }
