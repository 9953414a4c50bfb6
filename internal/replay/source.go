package replay

import (
	"context"
	"time"

	"rdiostress/internal/rdio"
)

// Source is a place that recorded calls come from. After Index, all methods are safe for concurrent use. One that has
// a Close method is closed with the archive.
//
// An error of Start or Read says why this call cannot be sent. It should be a [SkipError], and must be one line that
// can be shown to the user.
type Source interface {
	// Index adds each recorded call to ix, and what it cannot use. It opens no recordings where their names tell
	// enough. Its error says why the place cannot be read at all.
	Index(ctx context.Context, ix *Index) error

	// Start returns when a call began. It is called for entries whose Earliest and Latest differ, once in a run or so,
	// and soon before the call is due.
	Start(ref uint64) (time.Time, error)

	// Read reads the audio of a call into buf, which it makes larger if it must, and what is known of the call into c.
	// It sets AudioName, with the extension that the audio has, and AudioType. It may leave out the time, and the
	// system's number if only the system's name was recorded.
	Read(ref uint64, buf []byte, c *rdio.Call) (audio []byte, err error)

	// Name says where a call is, for people: a path, or a table and its row.
	Name(ref uint64) string
}

// Entry is a recorded call in an [Index].
type Entry struct {
	Ref      uint64    // the call's number in its source. Calls of one time are sent in the order of their numbers.
	Earliest time.Time // the call did not begin before
	Latest   time.Time // and not after; if both are the same, the source is not asked for the start
	Program  string    // that made the recording, such as "trunk-recorder"
}

// Index collects the entries of sources.
type Index struct {
	entries  []entry
	programs []string // names
	made     []int    // recordings by program
	source   uint8
	skipped  Skipped
}

// entry is an Entry in memory. There may be millions, so it is small.
type entry struct {
	at      int64 // Unix milliseconds: the earliest start until the entry is in order, then the start
	ref     uint64
	unsure  uint32 // by how many milliseconds the call can have begun later; in order: how much later it is due
	source  uint8
	program uint8
}

// maxUnsure is the largest uncertainty that an entry has room for.
const maxUnsure = 1<<32 - 1

// The times that a recording can have. What is outside is taken for no time at all.
var (
	earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// IsTime reports whether a call can have been recorded at a time: not before 2000, which is what a clock says that was
// never set, and not in a far future.
func IsTime(t time.Time) bool { return !t.Before(earliest) && t.Before(latest) }

// Add adds a call. One with a time that is none (see [IsTime]) is skipped.
func (ix *Index) Add(e Entry, name func() string) {
	if !IsTime(e.Earliest) || !IsTime(e.Latest) {
		ix.Skip(name(), Skipf(NoTime, "it has no time of a call: %s", e.Latest.UTC().Format(time.RFC3339)))
		return
	}
	unsure := min(max(e.Latest.UnixMilli()-e.Earliest.UnixMilli(), 0), maxUnsure)
	program := ix.program(e.Program)
	ix.made[program]++
	ix.entries = append(ix.entries, entry{
		at: e.Latest.UnixMilli() - unsure, ref: e.Ref, unsure: uint32(unsure), source: ix.source, program: program,
	})
}

// Skip counts and names what is no call that can be sent, and is known not to be one already.
func (ix *Index) Skip(name string, err error) { ix.skipped.Add(name, err) }

// program returns the number of a program.
func (ix *Index) program(name string) uint8 {
	for i, known := range ix.programs {
		if known == name {
			return uint8(i)
		}
	}
	ix.programs, ix.made = append(ix.programs, name), append(ix.made, 0)
	return uint8(len(ix.programs) - 1)
}
