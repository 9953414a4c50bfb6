// Package call is the contract between the ingest server and its stores: the [Store] interface, the values that pass
// through it, the errors that a store returns, and the store's statistics.
//
// Stores import this package, and neither the server nor HTTP. The server imports this package and no store. Package
// storetest tests what every store must do.
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

// Errors that a Store returns although nothing has failed.
var (
	ErrFull     = errors.New("too many calls are waiting to be stored")
	ErrClosed   = errors.New("the store is closed")
	ErrNotFound = errors.New("no such call")
	// ErrDuplicate means that another call of the same talkgroup is within the duplicate window.
	ErrDuplicate = errors.New("duplicate call")
)

// Cursors that Follow can begin with.
const (
	CursorStart = "start"
	CursorNow   = "now"
)

// Errors of cursors.
var (
	ErrBadCursor = errors.New("malformed cursor")
	ErrOldCursor = errors.New("the cursor belongs to another database, or to a newer copy of this one")
)

// UnavailableError means that calls cannot be stored or read for now, for example because the database is down.
type UnavailableError struct {
	RetryAfter time.Duration // when to try again; at least a second
	Readable   bool          // calls can still be read
	Logged     bool          // the error is already in the log
	Err        error
}

func (e *UnavailableError) Error() string { return "the store is unavailable: " + e.Err.Error() }
func (e *UnavailableError) Unwrap() error { return e.Err }

// ErrAudioAway is wrapped by the UnavailableError of a call whose long audio is kept elsewhere than in the database and
// cannot be stored or read for now. Other calls can.
var ErrAudioAway = errors.New("the store of long audio is away")

// ErrNotWritable is wrapped by errors of opening a store whose database can be read but not written.
var ErrNotWritable = errors.New("the database cannot be written")

// Errors that a Store wraps if it knows why a call was not stored.
var (
	ErrNoSpace = errors.New("the disk is full")
	ErrBadCall = errors.New("this call cannot be stored") // but others can
)

// Store keeps uploaded calls. Implementations are safe for concurrent use.
type Store interface {
	// Put stores a call with its audio and returns its id. It returns once Calls would include the call and no crash of
	// the process or the machine can lose it, or once it is certain that the call is not stored. Since u may be reused
	// afterwards, Put ignores ctx once the call is in the queue: a call may be stored although its client has left.
	//
	// Put returns ErrFull at once when too many calls wait, ErrClosed after Close, an UnavailableError at once while
	// the database is known to be down, and an error that wraps ErrNoSpace when the disk is full. Within the duplicate
	// window of another call, the same call sent again gets the id of the first, and any other call gets ErrDuplicate.
	// A call that cannot be stored fails alone, with ErrBadCall, whichever calls are stored together with it. The file
	// of an Upload is moved away if Put succeeds; if Put fails, the file may or may not remain.
	Put(ctx context.Context, u *Upload) (id int64, err error)

	// Calls returns one page of the calls that q selects and their total number, or -1 with q.Uncounted. Each call has
	// the fields that lists show: no units, frequencies, patches and groups, no talkgroup name and tag, and labels of
	// at most 1024 characters.
	Calls(ctx context.Context, q Query) (page []Record, total int64, err error)

	// Follow returns a page of the calls that q selects and that a reader at cursor has not seen, and the cursor after
	// the page. A reader that continues from there sees each call once, in whatever order calls are stored and
	// whichever server stores them. CursorStart is before all calls. CursorNow is after all calls that are visible, and
	// its page is empty. Follow ignores the sort order of q and its paging, except for the page size. A page that is
	// not full ends with the newest call.
	//
	// Follow returns ErrBadCursor for a text that is not a cursor, and ErrOldCursor for a cursor of another database.
	Follow(ctx context.Context, q Query, cursor string) (page []Record, next string, err error)

	// Listed returns one call with the fields that lists show, or ErrNotFound.
	Listed(ctx context.Context, id int64) (Record, error)

	// Call returns one call with all its fields but without its audio, or ErrNotFound.
	Call(ctx context.Context, id int64) (Record, error)

	// Audio opens a call's audio, or returns ErrNotFound. The caller closes it. The audio can be read piece by piece
	// until ctx ends.
	Audio(ctx context.Context, id int64) (io.ReadSeekCloser, error)

	// Transcripts returns what is known of the transcription of calls, sorted by id; without their texts if brief is
	// set. Calls that were never queued for it have none.
	Transcripts(ctx context.Context, ids []int64, brief bool) ([]Transcript, error)
	// Ping returns an error if calls cannot be read.
	Ping(ctx context.Context) error

	// Gone checks whether the store's open files are still the files at their paths, which takes a few system calls.
	// While they are not, Gone and Put return an UnavailableError: data stored meanwhile may be lost when the server
	// ends.
	Gone() error

	// Probe makes the writes of Put without a call and returns the errors of Put. It waits for calls that are being
	// stored. It fails if ctx ends before its turn; calls are then delayed as long.
	Probe(ctx context.Context) error

	// Usage returns how many calls are stored and how many bytes of audio they have. It counts no rows.
	Usage(ctx context.Context) (Usage, error)

	// Stats returns the store's statistics. It never waits for the database.
	Stats() Stats
}

// Usage is how much data a Store holds.
type Usage struct {
	Calls      int64
	AudioBytes int64
	// FreeBytes is the free space inside the database's own files: deleted calls left it, and new calls use it before
	// the disk's. It is 0 if unknown.
	FreeBytes int64
}

// Upload is a call to be stored.
type Upload struct {
	Call     rdio.Call
	Received time.Time

	Audio  []byte // the audio, if it is short enough for memory
	File   string // otherwise the path of a durable file with the audio; the store takes it over
	Size   int64  // size of the audio in bytes
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

// Bytes returns roughly how much memory the record takes, without its lists.
func (r *Record) Bytes() int64 {
	c := &r.Call
	texts := len(c.AudioName) + len(c.AudioType) + len(c.SystemLabel) + len(c.TalkgroupLabel) + len(c.TalkgroupName) +
		len(c.TalkgroupTag) + len(c.TalkerAlias)
	return int64(unsafe.Sizeof(*r)) + int64(texts)
}

// SortKey is the field that a list of calls is sorted by.
type SortKey string

// Sort keys, by their names in the API.
const (
	SortTimestamp SortKey = "timestamp"
	SortID        SortKey = "id"
	SortSystem    SortKey = "system_id"
	SortTalkgroup SortKey = "talkgroup_id"
)

// Query selects, sorts and pages calls. A zero System, Talkgroup, AfterID, From or To selects all calls.
type Query struct {
	System, Talkgroup int64
	AfterID           int64     // only calls with a higher id, to continue after the end of the last list
	Uncounted         bool      // do not count the total; counting takes longer with more calls
	From, To          time.Time // both inclusive, to the millisecond
	SortBy            SortKey   // calls with equal keys are sorted by id
	Descending        bool
	Page, PerPage     int     // both from 1
	MaxBytes          int64   // ends a page early once its calls take that much memory; 0 means no limit
	After             *Record // if set, the page begins after this call, which the query selects, instead of at Page
	Total             int64   // from an earlier page, if After is set
}

// IsWhole reports whether a page of the query is complete, and not ended early by MaxBytes.
func (q Query) IsWhole(page []Record) bool {
	size := int64(0)
	for i := range page {
		size += page[i].Bytes()
	}
	return len(page) >= q.PerPage || q.MaxBytes == 0 || size < q.MaxBytes
}

// Skip returns how many calls come before the page.
func (q Query) Skip() int64 { return int64(q.Page-1) * int64(q.PerPage) }
