package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"rdiostress/internal/server"
	"rdiostress/internal/server/call"
)

// listed is a reply of GET /api/calls.
type listed struct {
	Calls []struct {
		ID          int64
		SystemLabel string `json:"system_label"`
	}
	Total      *int64
	NextCursor string `json:"next_cursor"`
}

func (r *rig) list(t *testing.T, query string) (l listed) {
	t.Helper()
	resp, body := r.get(t, "/api/calls?"+query)
	if err := json.Unmarshal([]byte(body), &l); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %.200s, %v", query, resp.Status, body, err)
	}
	return l
}

// Labels are cut at a kilobyte when a call is accepted, and counted. A page of the largest possible calls is sent in
// pieces and is complete.
func TestLargeCallsAreListed(t *testing.T) {
	r := newRig(t)
	label := strings.Repeat("\x01", 200<<10)
	const calls = 60
	for n := range calls {
		r.upload(t, field{"dateTime", fmt.Sprint(1764000000 + n)}, field{"systemLabel", label},
			field{"talkgroupLabel", label},
			field{"talkerAlias", label}, field{"units", "[" + strings.Repeat("1,", 50_000) + "1]"})
	}
	if got := r.server.Stats(); got.Accepted != calls || got.CutFields != 4*calls {
		t.Errorf("counted %+v", got)
	}
	if _, body := r.get(t, "/metrics"); !strings.Contains(body,
		fmt.Sprintf("\nrdiostress_cut_fields_total %d\n", 4*calls)) {
		t.Error("the metrics do not have what was cut")
	}
	for _, query := range []string{
		"sort_by=id&sort_order=asc&per_page=1000",
		"sort_by=system_id&sort_order=asc&per_page=1000", "cursor=start&per_page=1000",
	} {
		l := r.list(t, query)
		for i, c := range l.Calls {
			if c.ID != int64(i+1) || c.SystemLabel != label[:1024] {
				t.Fatalf("%s: call %d is %d, with a label of %d bytes", query, i, c.ID, len(c.SystemLabel))
			}
		}
		if len(l.Calls) != calls {
			t.Errorf("%s: %d calls, want %d", query, len(l.Calls), calls)
		}
	}
	if l := r.list(t, "per_page=7&page=2&sort_order=desc"); len(l.Calls) != 7 || l.Calls[0].ID != calls-7 ||
		*l.Total != calls {
		t.Errorf("the second page: %+v", l)
	}
	resp, body := r.do(t, http.MethodHead, "/api/calls?per_page=1000", nil)
	if resp.StatusCode != http.StatusOK || body != "" {
		t.Errorf("HEAD: %s %q", resp.Status, body)
	}
}

// failingStore fails to read after some piece of a page.
type failingStore struct {
	call.Store
	left *atomic.Int64
}

func (s failingStore) Calls(ctx context.Context, q call.Query) ([]call.Record, int64, error) {
	if s.left.Add(-1) < 0 {
		return nil, 0, errors.New("disk sda1 is on fire")
	}
	return s.Store.Calls(ctx, q)
}

// A list that cannot be read to its end is cut off, so that no client takes it for complete, and the log reports it.
func TestListIsCutOff(t *testing.T) {
	var left atomic.Int64
	r := newRig(t, func(o *server.Options) { o.Store = failingStore{o.Store, &left} })
	label := strings.Repeat("x", 1024)
	for n := range 60 {
		r.upload(t, field{"dateTime", fmt.Sprint(1764000000 + n)}, field{"systemLabel", label},
			field{"talkerAlias", label})
	}
	left.Store(1)
	resp, err := http.Get(r.URL + "/api/calls?per_page=1000")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil || json.Valid(text) {
		t.Errorf("%d bytes of half a list, %v", len(text), err)
	}
	if !strings.Contains(r.log.String(), "a list of calls is cut off") {
		t.Errorf("log:\n%s", r.log)
	}
	left.Store(0)
	if resp, _ := r.get(t, "/api/calls"); resp.StatusCode != http.StatusInternalServerError {
		t.Errorf("nothing can be read: %s", resp.Status)
	}
}

// A reader with a cursor sees every call once, whatever is uploaded meanwhile.
func TestListCursor(t *testing.T) {
	r := newRig(t)
	upload := func(n int) {
		r.upload(t, field{"dateTime", fmt.Sprint(1764000000 + n)}, field{"system", fmt.Sprint(1 + n%2)})
	}
	now := r.list(t, "cursor=now")
	for n := range 5 {
		upload(n)
	}
	if len(now.Calls) != 0 || now.NextCursor == "" || now.Total != nil {
		t.Errorf("the present end is %+v", now)
	}
	seen := map[int64]int{}
	follow := func(cursor, filter string) string {
		for {
			l := r.list(t, "per_page=2&cursor="+cursor+filter)
			for _, c := range l.Calls {
				seen[c.ID]++
			}
			if cursor = l.NextCursor; len(l.Calls) < 2 {
				return cursor
			}
		}
	}
	cursor := follow(now.NextCursor, "")
	for n := range 5 {
		upload(10 + n)
	}
	follow(cursor, "")
	for id := range int64(10) {
		if seen[id+1] != 1 {
			t.Errorf("call %d was seen %d times", id+1, seen[id+1])
		}
	}
	clear(seen)
	follow("start", "&system_id=2&date_to=1764000009")
	if len(seen) != 2 || seen[2] != 1 || seen[4] != 1 {
		t.Errorf("of a system and a time, %v was seen", seen)
	}
	other := newRig(t)
	for _, tt := range []struct {
		on     *rig
		query  string
		status int
		text   string
	}{
		{r, "cursor=", 400, "Bad parameter: cursor is empty"},
		{r, "cursor=7", 400, "Bad parameter: cursor is neither start nor now nor a next_cursor of this server"},
		{r, "cursor=start&cursor=now", 400, "Bad parameter: cursor is given twice"},
		{r, "cursor=start&page=2", 400, "Bad parameter: page does not go with cursor"},
		{r, "cursor=start&sort_by=id", 400, "Bad parameter: sort_by does not go with cursor"},
		{r, "cursor=start&after_id=1", 400, "Bad parameter: after_id does not go with cursor"},
		{r, "cursor=start&count=true", 400, "Bad parameter: count does not go with cursor"},
		{other, "cursor=" + cursor, 410, "The cursor belongs to another database"},
	} {
		resp, body := tt.on.get(t, "/api/calls?"+tt.query)
		if resp.StatusCode != tt.status || !strings.HasPrefix(body, tt.text) {
			t.Errorf("%s: %s %q", tt.query, resp.Status, body)
		}
	}
}

// The zero time is a valid date: no call is as old.
func TestListUpToTheZeroTime(t *testing.T) {
	r := newRig(t)
	r.upload(t)
	for query, want := range map[string]int64{
		"date_to=0001-01-01T00:00:00Z": 0, "date_from=0001-01-01T00:00:00Z": 1, "date_to=0": 0,
		"date_to=1969-12-31T23:59:59Z":                                0,
		"date_from=0001-01-01T00:00:00Z&date_to=0001-01-01T00:00:00Z": 0, "date_from=9999-12-31T23:59:59Z": 0,
		"date_to=9999-12-31T23:59:59Z":              1,
		"cursor=start&date_to=0001-01-01T00:00:00Z": 0,
	} {
		l := r.list(t, query)
		if int64(len(l.Calls)) != want || l.Total != nil && *l.Total != want {
			t.Errorf("%s: %d calls, total %v; want %d", query, len(l.Calls), l.Total, want)
		}
	}
}
