package call_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/call"
)

func TestQuerySkipsWholePages(t *testing.T) {
	q := call.Query{Page: 3, PerPage: 50}
	if n := q.Skip(); n != 100 {
		t.Errorf("page 3 skips %d calls, want 100", n)
	}
}

func TestQueryTellsShortPagesFromCutOnes(t *testing.T) {
	long := call.Record{Call: rdio.Call{TalkgroupLabel: strings.Repeat("x", 1000)}}
	page := []call.Record{long, long}
	for _, tt := range []struct {
		name string
		q    call.Query
		want bool
	}{
		{"no bound", call.Query{PerPage: 10}, true},
		{"as many calls as asked for", call.Query{PerPage: 2, MaxBytes: 1}, true},
		{"fewer calls and fewer bytes", call.Query{PerPage: 10, MaxBytes: 1 << 20}, true},
		{"fewer calls and as many bytes", call.Query{PerPage: 10, MaxBytes: 2000}, false},
	} {
		if got := tt.q.IsWhole(page); got != tt.want {
			t.Errorf("%s: IsWhole is %v", tt.name, got)
		}
	}
}

func TestRecordBytesCountsItsTexts(t *testing.T) {
	short := call.Record{}
	long := call.Record{Call: rdio.Call{AudioName: "12345", SystemLabel: "123"}}
	if got := long.Bytes() - short.Bytes(); got != 8 {
		t.Errorf("8 characters count %d bytes", got)
	}
}

func TestUnavailableErrorHasItsCause(t *testing.T) {
	err := error(&call.UnavailableError{Err: fs.ErrClosed})
	if !errors.Is(err, fs.ErrClosed) || !strings.Contains(err.Error(), "unavailable: "+fs.ErrClosed.Error()) {
		t.Errorf("got %q", err)
	}
}
