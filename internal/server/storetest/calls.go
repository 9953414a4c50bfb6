package storetest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/call"
)

func everyFieldComesBack(t *testing.T, b Backend) {
	s := b.open(t, t.TempDir(), Options{})
	u := UploadOf(0)
	u.Received = Noon().Add(1500 * time.Millisecond)
	u.Call = rdio.Call{
		System: 1, Talkgroup: rdio.MaxID, Time: Noon().Add(7 * time.Millisecond), AudioName: `a'"ü.mp3`,
		AudioType: "audio/mpeg",
		Frequency: 3, Source: 4, Site: 5, Units: []rdio.Unit{{ID: 6, OffsetS: 0.5, Label: "E6"}, {ID: 7}},
		Frequencies: []rdio.Frequency{{Hz: 8, OffsetS: 9.5, LengthS: 10, Errors: 11, Spikes: 12, DBm: -90.5}},
		Patches:     []int64{13, 14},
		SystemLabel: "sl", TalkgroupLabel: "tl", TalkgroupName: "tn", TalkgroupTag: "tt",
		TalkgroupGroups: []string{"g1", "g2"}, TalkerAlias: "ta",
	}
	for _, u := range []*call.Upload{u, UploadOf(1)} {
		id := Put(t, s, u)
		want := call.Record{ID: id, Call: u.Call, Received: u.Received, AudioSize: u.Size, SHA256: u.SHA256}
		got, err := s.Call(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("call differs (-want +got):\n%s", diff)
		}
		q := call.Query{SortBy: call.SortID, Descending: true, Page: 1, PerPage: 1}
		page, _, err := s.Calls(t.Context(), q)
		c := &want.Call
		// not for lists
		c.Units, c.Frequencies, c.Patches = nil, nil, nil
		c.TalkgroupName, c.TalkgroupTag, c.TalkgroupGroups = "", "", nil
		if diff := gocmp.Diff([]call.Record{want}, page); diff != "" || err != nil {
			t.Errorf("listed: %v, differs (-want +got):\n%s", err, diff)
		}
		if got := AudioOf(t, s, id); !bytes.Equal(got, u.Audio) {
			t.Errorf("audio is %q, want %q", got, u.Audio)
		}
	}
}

func longAudioIsAFile(t *testing.T, b Backend) {
	dir := t.TempDir()
	s := b.open(t, dir, Options{})
	u := Spooled(t, dir, UploadOf(1))
	id := Put(t, s, u)
	if got := AudioOf(t, s, id); sha256.Sum256(got) != u.SHA256 {
		t.Errorf("audio is %q", got)
	}
	if names := AudioFiles(t, dir); !slices.Equal(names, []string{storedName(u)}) {
		t.Errorf("files %q in the audio folder, want %s", names, storedName(u))
	}
}

// storedName returns the name of a long call's audio in the audio folder.
func storedName(u *call.Upload) string {
	return fmt.Sprintf("%s/%s_%d_%d_%s%s", u.Call.Time.UTC().Format("2006-01-02"), u.Call.Time.UTC().Format("150405"),
		u.Call.System,
		u.Call.Talkgroup, strings.TrimSuffix(filepath.Base(u.File), ".spool"), filepath.Ext(u.Call.AudioName))
}

// Audio that an earlier version stored under other names can be read, survives the sweep, and is removed with its call.
func earlierAudioNames(t *testing.T, b Backend) {
	dir := t.TempDir()
	s := b.mustOpen(t, dir, Options{})
	u := Spooled(t, dir, UploadOf(1))
	id := Put(t, s, u)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	earlier := filepath.Base(u.File)
	audio := filepath.Join(dir, "audio")
	if err := os.Rename(filepath.Join(audio, storedName(u)), filepath.Join(audio, earlier)); err != nil {
		t.Fatal(err)
	}
	b.RenameAudio(t, dir, earlier)
	plant(t, dir, orphanName(0))
	s = b.open(t, dir, Options{})
	if names := AudioFiles(t, dir); !slices.Equal(names, []string{earlier}) {
		t.Errorf("files %q after the sweep, want %s", names, earlier)
	}
	if got := AudioOf(t, s, id); sha256.Sum256(got) != u.SHA256 {
		t.Errorf("audio is %q", got)
	}
	if n, err := s.Expire(t.Context(), Noon().Add(time.Hour), 10); n != 1 || err != nil {
		t.Errorf("deleted %d, %v", n, err)
	}
	if names := AudioFiles(t, dir); len(names) != 0 {
		t.Errorf("files %q are left", names)
	}
}

func notFound(t *testing.T, b Backend) {
	s := b.open(t, t.TempDir(), Options{})
	if _, err := s.Call(t.Context(), 1); !errors.Is(err, call.ErrNotFound) {
		t.Errorf("Call: %v", err)
	}
	if _, err := s.Audio(t.Context(), 1); !errors.Is(err, call.ErrNotFound) {
		t.Errorf("Audio: %v", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping of an empty store: %v", err)
	}
	if u, err := s.Usage(t.Context()); u != (call.Usage{}) || err != nil {
		t.Errorf("Usage of an empty store: %+v, %v", u, err)
	}
}

func queries(t *testing.T, b Backend) {
	s := b.open(t, t.TempDir(), Options{})
	for n := range int64(12) { // systems 11 and 12; talkgroups 1001 to 1003; a second apart
		Put(t, s, UploadOf(n))
	}
	sec := func(n int) time.Time { return Noon().Add(time.Duration(n) * time.Second) }
	tests := []struct {
		name  string
		q     call.Query
		want  []int64 // the seconds of the calls
		total int64
	}{
		{"all, newest first", call.Query{Descending: true, PerPage: 3}, []int64{11, 10, 9}, 12},
		{"second page", call.Query{Descending: true, Page: 2, PerPage: 5}, []int64{6, 5, 4, 3, 2}, 12},
		{"last page", call.Query{Page: 3, PerPage: 5}, []int64{10, 11}, 12},
		{"past the last page", call.Query{Page: 4, PerPage: 5}, nil, 12},
		{"system", call.Query{System: 12}, []int64{1, 3, 5, 7, 9, 11}, 6},
		{"talkgroup", call.Query{Talkgroup: 1002}, []int64{1, 4, 7, 10}, 4},
		{"system and talkgroup", call.Query{System: 11, Talkgroup: 1001}, []int64{0, 6}, 2},
		{"none", call.Query{System: 99}, nil, 0},
		{"from, inclusive", call.Query{From: sec(10)}, []int64{10, 11}, 2},
		{"to, inclusive", call.Query{To: sec(1)}, []int64{0, 1}, 2},
		{"one moment", call.Query{From: sec(5), To: sec(5)}, []int64{5}, 1},
		{"just before", call.Query{To: sec(5).Add(-time.Millisecond), From: sec(5).Add(-time.Millisecond)}, nil, 0},
		{"from after to", call.Query{From: sec(9), To: sec(5)}, nil, 0},
		{
			"days before and after",
			call.Query{From: sec(-200000), To: sec(200000), System: 11, PerPage: 2},
			[]int64{0, 2},
			6,
		},
		{"by system", call.Query{SortBy: call.SortSystem, PerPage: 7}, []int64{0, 2, 4, 6, 8, 10, 1}, 12},
		{
			"by talkgroup, falling",
			call.Query{SortBy: call.SortTalkgroup, Descending: true, PerPage: 4},
			[]int64{11, 8, 5, 2},
			12,
		},
		{"by id", call.Query{SortBy: call.SortID, Descending: true, PerPage: 2}, []int64{11, 10}, 12},
		{"by id of a talkgroup", call.Query{SortBy: call.SortID, Talkgroup: 1003, Page: 2, PerPage: 3}, []int64{11}, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := tt.q
			q.SortBy, q.Page, q.PerPage = cmp.Or(q.SortBy, call.SortTimestamp), cmp.Or(q.Page, 1), cmp.Or(q.PerPage, 50)
			page, total, err := s.Calls(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			var got []int64
			for _, rec := range page {
				got = append(got, rec.Call.Time.Unix()-Noon().Unix())
			}
			if !gocmp.Equal(got, tt.want) || total != tt.total {
				t.Errorf("got %d of %d, want %d of %d", got, total, tt.want, tt.total)
			}
		})
	}
}

func unknownSortKey(t *testing.T, b Backend) {
	s := b.open(t, t.TempDir(), Options{})
	if _, _, err := s.Calls(t.Context(), call.Query{SortBy: "1; DROP TABLE calls", Page: 1, PerPage: 1}); err == nil {
		t.Error("an unknown sort key was accepted")
	}
}

// Whatever is selected and however it is sorted, all pages together are the list, and the total is its length. The
// calls are of several days, and some have the same time.
func deepPages(t *testing.T, b Backend) {
	s := b.open(t, t.TempDir(), Options{})
	var all []call.Record
	for n := range int64(30) {
		u := UploadOf(n)
		u.Call.Time = Noon().Add(time.Duration(n*7%10) * 9 * time.Hour)
		all = append(all, call.Record{ID: Put(t, s, u), Call: u.Call})
	}
	for _, q := range manyQueries(all[8].ID) {
		want := selected(all, q)
		wantTotal := int64(len(want))
		if q.Uncounted {
			wantTotal = -1
		}
		var got []int64
		for q.Page = 1; ; q.Page++ {
			page, total, err := s.Calls(t.Context(), q)
			if err != nil || total != wantTotal {
				t.Fatalf("%+v: total %d, %v; want %d", q, total, err, wantTotal)
			}
			if len(page) == 0 {
				break
			}
			for _, rec := range page {
				got = append(got, rec.ID)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v:\ngot  %d\nwant %d", q, got, want)
		}
		if got := inPieces(t, s, q, wantTotal); !slices.Equal(got, want) {
			t.Errorf("%+v in pieces:\ngot  %d\nwant %d", q, got, want)
		}
	}
}

// inPieces reads all calls that a query selects as one page, in pieces that end early because of their size, except the
// last.
func inPieces(t *testing.T, s Store, q call.Query, wantTotal int64) (ids []int64) {
	t.Helper()
	q.Page, q.PerPage, q.MaxBytes = 1, 100, 1200 // a few calls
	for {
		page, total, err := s.Calls(t.Context(), q)
		if err != nil || total != wantTotal || len(page) > 5 {
			t.Fatalf("%+v: %d calls, total %d, %v; want %d", q, len(page), total, err, wantTotal)
		}
		for i := range page {
			ids = append(ids, page[i].ID)
		}
		if q.IsWhole(page) {
			return ids
		}
		q.After, q.Total = &page[len(page)-1], total
		q.PerPage -= len(page)
	}
}

// manyQueries returns all kinds of queries, with pages of 4; some select calls after one in the middle.
func manyQueries(middle int64) (list []call.Query) {
	days := []time.Time{{}, Noon().Add(-time.Hour), Noon().Add(20 * time.Hour), Noon().Add(50 * time.Hour)}
	for _, sortBy := range []call.SortKey{call.SortTimestamp, call.SortID, call.SortSystem, call.SortTalkgroup} {
		for _, system := range []int64{0, 11} {
			for _, talkgroup := range []int64{0, 1002} {
				for i, from := range days {
					q := call.Query{System: system, Talkgroup: talkgroup, From: from, SortBy: sortBy, PerPage: 4}
					q.Descending = i%2 == 1
					list = append(list, q)
					q.From, q.To, q.Descending = days[1], from, !q.Descending
					list = append(list, q)
					q.AfterID, q.Uncounted = middle, i%2 == 1
					list = append(list, q)
					q.To = time.Time{}
					list = append(list, q)
				}
			}
		}
	}
	return list
}

// selected returns the calls that q selects, sorted, by id.
func selected(all []call.Record, q call.Query) (ids []int64) {
	var list []call.Record
	for _, r := range all {
		c := &r.Call
		if r.ID > q.AfterID && (q.System == 0 || c.System == q.System) &&
			(q.Talkgroup == 0 || c.Talkgroup == q.Talkgroup) &&
			(q.From.IsZero() || !c.Time.Before(q.From)) && (q.To.IsZero() || !c.Time.After(q.To)) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b call.Record) int {
		if q.Descending {
			a, b = b, a
		}
		byTime := cmp.Or(a.Call.Time.Compare(b.Call.Time), cmp.Compare(a.ID, b.ID))
		switch q.SortBy {
		case call.SortID:
			return cmp.Compare(a.ID, b.ID)
		case call.SortSystem:
			return cmp.Or(cmp.Compare(a.Call.System, b.Call.System), byTime)
		case call.SortTalkgroup:
			return cmp.Or(cmp.Compare(a.Call.Talkgroup, b.Call.Talkgroup), byTime)
		default:
			return byTime
		}
	})
	for _, r := range list {
		ids = append(ids, r.ID)
	}
	return ids
}

func concurrentPutsSurviveReopening(t *testing.T, b Backend) {
	dir := t.TempDir()
	s := b.mustOpen(t, dir, Options{DuplicateWindow: 500 * time.Millisecond})
	const workers, each = 16, 25
	ids := make([]map[int64][sha256.Size]byte, workers)
	var wg sync.WaitGroup
	for w := range ids {
		ids[w] = make(map[int64][sha256.Size]byte)
		wg.Go(func() {
			for n := range each {
				u := UploadOf(int64(w*each + n))
				id, err := s.Put(t.Context(), u)
				if err != nil {
					t.Error(err)
					return
				}
				ids[w][id] = u.SHA256
				if _, err := s.Call(t.Context(), id); err != nil { // readers beside the writer
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), UploadOf(1)); !errors.Is(err, call.ErrClosed) {
		t.Errorf("Put after Close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	s = b.open(t, dir, Options{})
	seen := 0
	for _, m := range ids {
		for id, sum := range m {
			seen++
			if rec, err := s.Call(t.Context(), id); err != nil || rec.SHA256 != sum ||
				sha256.Sum256(AudioOf(t, s, id)) != sum {
				t.Errorf("call %d: %+v, %v", id, rec, err)
			}
		}
	}
	if seen != workers*each || Total(t, s) != workers*each {
		t.Errorf("%d different ids and %d calls, want %d", seen, Total(t, s), workers*each)
	}
}

func honorsCancelledContext(t *testing.T, b Backend) {
	s := b.open(t, t.TempDir(), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Put(ctx, UploadOf(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
