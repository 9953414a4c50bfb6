package server_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/server"
	"rdiostress/internal/server/call"
)

// upload uploads a valid call with some fields changed.
func (r *rig) upload(t testing.TB, changes ...field) {
	t.Helper()
	if resp, body := r.post(t, strings.NewReader(form(callWith(changes...)))); resp.StatusCode != 200 {
		t.Fatalf("got %s %q", resp.Status, body)
	}
}

// decode decodes a JSON object completely.
func decode(t testing.TB, body string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
	return v
}

func TestCallAsJSON(t *testing.T) {
	r := newRig(t)
	r.upload(t, field{"dateTime", "2025-11-24T17:00:00.25+01:00"}, field{"frequency", "851012500"}, field{"site", "3"},
		field{"sources", `[{"pos":0.5,"src":7,"tag":"E7"}]`}, field{"frequencies", `[{"freq":851012500,"len":2}]`},
		field{"patches", "[5,6]"}, field{"systemLabel", "County"}, field{"talkgroupLabel", "FD"},
		field{"talkgroupName", "Fire"},
		field{"talkgroupTag", "Dispatch"}, field{"talkgroupGroup", "Fire"}, field{"talkerAlias", "Engine 7"},
		field{"audioType", "audio/mpeg"})
	sum := sha256.Sum256([]byte(strings.Repeat("x", 100)))
	listed := map[string]any{
		"id": 1.0, "timestamp": "2025-11-24T16:00:00.250Z", "system_id": 11.0, "system_label": "County",
		"talkgroup_id": 1001.0, "talkgroup_label": "FD", "frequency": 851012500.0, "source_id": 7.0,
		"talker_alias":   "Engine 7",
		"audio_filename": "a.mp3", "audio_size_bytes": 100.0, "audio_sha256": hex.EncodeToString(sum[:]),
	}
	page := map[string]any{
		"calls": []any{listed}, "total": 1.0, "page": 1.0, "per_page": 50.0, "total_pages": 1.0,
		"after_id": 0.0,
	}
	_, body := r.get(t, "/api/calls")
	if diff := cmp.Diff(page, decode(t, body)); diff != "" {
		t.Errorf("list differs (-want +got):\n%s", diff)
	}
	full := map[string]any{
		"received_at": "2026-11-24T00:00:00.000Z", "site_id": 3.0, "talkgroup_name": "Fire",
		"talkgroup_tag":    "Dispatch",
		"talkgroup_groups": []any{"Fire"}, "audio_type": "audio/mpeg",
		"units":       []any{map[string]any{"id": 7.0, "offset_s": 0.5, "label": "E7"}},
		"frequencies": []any{map[string]any{"hz": 851012500.0, "offset_s": 0.0, "length_s": 2.0}},
		"patches":     []any{5.0, 6.0},
	}
	for name, v := range listed {
		full[name] = v
	}
	_, body = r.get(t, "/api/calls/1")
	if diff := cmp.Diff(full, decode(t, body)); diff != "" {
		t.Errorf("call differs (-want +got):\n%s", diff)
	}
}

func TestListFilters(t *testing.T) {
	r := newRig(t)
	for n := range 10 {
		r.upload(t, field{"system", fmt.Sprint(1 + n%2)}, field{"talkgroup", fmt.Sprint(1 + n%3)},
			field{"dateTime", fmt.Sprint(1764000000 + n)})
	}
	tests := []struct {
		query string
		ids   []int64
		total int64
		pages int64
	}{
		{"", []int64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, 10, 1},
		{"per_page=3&page=2", []int64{7, 6, 5}, 10, 4},
		{"per_page=1", []int64{10}, 10, 10},
		{"after_id=7&sort_by=id&sort_order=asc", []int64{8, 9, 10}, 3, 1},
		{"after_id=0&per_page=2", []int64{10, 9}, 10, 5},
		{"after_id=10", []int64{}, 0, 0},
		{"after_id=4&sort_by=id&sort_order=asc&per_page=2&count=false", []int64{5, 6}, 0, 0},
		{"per_page=4&page=9", []int64{}, 10, 3},
		{"system_id=2&sort_order=asc", []int64{2, 4, 6, 8, 10}, 5, 1},
		{"system_id=1&talkgroup_id=1", []int64{7, 1}, 2, 1},
		{"system_id=77", []int64{}, 0, 0},
		{"date_from=1764000008", []int64{10, 9}, 2, 1},
		{"date_from=2025-11-24T16:00:08Z&date_to=2025-11-24T17:00:08%2B01:00", []int64{9}, 1, 1},
		{"date_from=2025-11-24T17:00:08+01:00", []int64{10, 9}, 2, 1},
		{"date_to=1764000001.", nil, 0, 0},
		{"date_to=1764000001&sort_by=id&sort_order=ASC", []int64{1, 2}, 2, 1},
		{"sort_by=talkgroup_id&sort_order=asc&per_page=5", []int64{1, 4, 7, 10, 2}, 10, 2},
		{"sort_by=system_id&sort_order=desc&per_page=2", []int64{10, 8}, 10, 5},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			resp, body := r.get(t, "/api/calls?"+tt.query)
			if tt.ids == nil {
				if resp.StatusCode != 400 {
					t.Errorf("got %s %q", resp.Status, body)
				}
				return
			}
			var got struct {
				Calls      []struct{ ID int64 }
				Total      int64
				TotalPages int64 `json:"total_pages"`
			}
			if err := json.Unmarshal([]byte(body), &got); err != nil || !strings.Contains(body, `"calls":[`) {
				t.Fatalf("got %s %q", resp.Status, body)
			}
			ids := []int64{}
			for _, c := range got.Calls {
				ids = append(ids, c.ID)
			}
			if !cmp.Equal(ids, tt.ids) || got.Total != tt.total || got.TotalPages != tt.pages {
				t.Errorf("got %d of %d on %d pages, want %d of %d on %d", ids, got.Total, got.TotalPages, tt.ids,
					tt.total, tt.pages)
			}
		})
	}
}

func TestReadingRefusals(t *testing.T) {
	r := newRig(t)
	const number = " is not a number from 1 to "
	tests := []struct {
		path   string
		status int
		want   string
	}{
		{"/api/calls?system_id=x", 400, "Bad parameter: system_id" + number + "9999999999"},
		{"/api/calls?talkgroup_id=-1", 400, "Bad parameter: talkgroup_id" + number + "9999999999"},
		{"/api/calls?system_id=", 400, "Bad parameter: system_id" + number + "9999999999"},
		{"/api/calls?page=0", 400, "Bad parameter: page" + number + "2147483648"},
		{"/api/calls?per_page=1001", 400, "Bad parameter: per_page" + number + "1000"},
		{
			"/api/calls?date_from=yesterday", 400,
			"Bad parameter: date_from is neither an RFC 3339 time nor Unix seconds",
		},
		{"/api/calls?date_to=-1", 400, "Bad parameter: date_to is neither an RFC 3339 time nor Unix seconds"},
		{
			"/api/calls?sort_by=audio", 400,
			"Bad parameter: sort_by is not one of timestamp, id, system_id, talkgroup_id",
		},
		{"/api/calls?after_id=-1", 400, "Bad parameter: after_id is not a call's id, or 0"},
		{"/api/calls?count=no", 400, "Bad parameter: count is neither true nor false"},
		{"/api/calls?sort_order=up", 400, "Bad parameter: sort_order is neither asc nor desc"},
		{"/api/calls?page=1&page=2", 400, "Bad parameter: page is given twice"},
		{"/api/calls?hours_ago=1", 400, `Unknown parameter: "hours_ago"`},
		{"/api/calls?a%0ab=1", 400, `Unknown parameter: "a\nb"`},
		{"/api/calls?%zz", 400, "Malformed query string"},
		{"/api/calls/1", 404, "No such call"},
		{"/api/calls/0", 404, "No such call"},
		{"/api/calls/x", 404, "No such call"},
		{"/api/calls/1/audio", 404, "No such call"},
		{"/api/call-upload/", 405, "Unsupported method"},
		{"/", 404, "Not found"},
	}
	for _, tt := range tests {
		resp, body := r.get(t, tt.path)
		if resp.StatusCode != tt.status || body != tt.want+"\n" {
			t.Errorf("%s: got %s %q; want %d %q", tt.path, resp.Status, body, tt.status, tt.want)
		}
		_, body = r.get(t, tt.path, "Accept", "text/html, application/json;q=0.9")
		if got := decode(t, body); got["detail"] != tt.want {
			t.Errorf("%s as JSON: got %q", tt.path, body)
		}
	}
	for _, path := range []string{
		"/api/calls", "/api/calls?cursor=now", "/api/calls/1", "/api/calls/1/audio",
		"/health",
	} {
		resp, _ := r.do(t, http.MethodDelete, path, nil)
		if resp.StatusCode != 405 || resp.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("DELETE %s: got %s, Allow %q", path, resp.Status, resp.Header.Get("Allow"))
		}
	}
}

func TestAudio(t *testing.T) {
	r := newRig(t)
	long := strings.Repeat("0123456789", 30<<10)
	r.upload(t, field{"audioName", `q"uo te.mp3`})
	r.upload(t, field{"audioName", "ü.wav"}, field{"audioType", "text/html"}, field{"audio", long})
	r.upload(t, field{"audioName", "x.m4a"}, field{"audioType", "audio/aac"})
	r.upload(t, field{"audioName", "x.exe"})
	r.upload(t, field{"audioName", "x.OGG"})
	tests := []struct{ id, contentType, disposition, audio string }{
		{"1", "audio/mpeg", `attachment; filename="q\"uo te.mp3"`, strings.Repeat("x", 100)},
		{"2", "audio/wav", "attachment; filename*=utf-8''%C3%BC.wav", long},
		{"3", "audio/aac", "attachment; filename=x.m4a", strings.Repeat("x", 100)},
		{"4", "application/octet-stream", "attachment; filename=x.exe", strings.Repeat("x", 100)},
		{"5", "audio/ogg", "attachment; filename=x.OGG", strings.Repeat("x", 100)},
	}
	for _, tt := range tests {
		resp, body := r.get(t, "/api/calls/"+tt.id+"/audio")
		h := resp.Header
		if resp.StatusCode != 200 || h.Get("Content-Type") != tt.contentType ||
			h.Get("Content-Disposition") != tt.disposition ||
			h.Get("X-Content-Type-Options") != "nosniff" || body != tt.audio {
			t.Errorf("call %s: got %s, %v and %d bytes", tt.id, resp.Status, h, len(body))
		}
	}
	resp, body := r.get(t, "/api/calls/2/audio", "Range", "bytes=10-14")
	if resp.StatusCode != 206 || body != "01234" {
		t.Errorf("range: got %s %q", resp.Status, body)
	}
	if resp, _ = r.get(t, "/api/calls/2/audio", "If-None-Match", resp.Header.Get("ETag")); resp.StatusCode != 304 {
		t.Errorf("unchanged: got %s", resp.Status)
	}
	if resp, body = r.do(t, http.MethodHead, "/api/calls/2/audio", nil); resp.ContentLength != int64(len(long)) ||
		body != "" {
		t.Errorf("HEAD: %d bytes announced, %q", resp.ContentLength, body)
	}
}

// unreadableStore fails every read.
type unreadableStore struct{ call.Store }

var errUnreadable = errors.New("disk sda1 is on fire")

func (unreadableStore) Ping(context.Context) error { return errUnreadable }

func (unreadableStore) Calls(context.Context, call.Query) ([]call.Record, int64, error) {
	return nil, 0, errUnreadable
}

func (unreadableStore) Call(_ context.Context, id int64) (call.Record, error) {
	if id == 2 {
		return call.Record{ID: 2}, nil
	}
	return call.Record{}, errUnreadable
}

func (s unreadableStore) Listed(ctx context.Context, id int64) (call.Record, error) {
	return s.Call(ctx, id)
}

func (unreadableStore) Follow(context.Context, call.Query, string) ([]call.Record, string, error) {
	return nil, "", errUnreadable
}

func (unreadableStore) Audio(context.Context, int64) (io.ReadSeekCloser, error) {
	return nil, errUnreadable
}

func TestHealth(t *testing.T) {
	r := newRig(t)
	r.upload(t)
	resp, body := r.get(t, "/health")
	uploads := map[string]any{
		"reading": 0.0, "accepted": 1.0, "duplicates": 0.0, "refused": 0.0, "busy": 0.0,
		"failed": 0.0, "dropped_fields": 0.0, "cut_fields": 0.0,
	}
	want := map[string]any{
		"status": "healthy", "timestamp": "2026-11-24T00:00:00Z", "version": "v1.2.3", "database": "connected",
		"uploads": uploads,
	}
	if diff := cmp.Diff(want, decode(t, body)); diff != "" || resp.StatusCode != 200 {
		t.Errorf("got %s; differs (-want +got):\n%s", resp.Status, diff)
	}
}

func TestUnreadableStore(t *testing.T) {
	r := newRig(t, func(o *server.Options) { o.Store = unreadableStore{o.Store} })
	for _, path := range []string{"/api/calls", "/api/calls?cursor=now", "/api/calls/1", "/api/calls/2/audio"} {
		if resp, body := r.get(t, path); resp.StatusCode != 500 || body != "Internal server error\n" {
			t.Errorf("%s: got %s %q", path, resp.Status, body)
		}
	}
	resp, body := r.get(t, "/health")
	if v := decode(t, body); resp.StatusCode != 200 || v["status"] != "degraded" || v["database"] != "unavailable" {
		t.Errorf("got %s %q", resp.Status, body)
	}
	if !strings.Contains(r.log.String(), "on fire") || strings.Contains(body, "on fire") {
		t.Errorf("the cause belongs into the log, not the reply:\n%s%s", r.log.String(), body)
	}
}
