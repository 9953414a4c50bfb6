package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/deliverytest"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/traffic"
)

// engine lists calls as tr-engine does: the latest or highest first whatever the query asks for, at most 1,000 at once,
// equal ones in random order, and only for requests with the key.
type engine struct {
	*httptest.Server
	calls   []engineCall
	key     string
	busy    int // every nth request is refused
	asked   int
	largest int // page so far
}

type engineCall struct {
	ID        int64     `json:"call_id"`
	SystemID  int       `json:"system_id"`
	Label     string    `json:"system_name,omitempty"`
	Talkgroup int64     `json:"tgid"`
	Start     time.Time `json:"start_time"`
	Size      *int64    `json:"audio_size,omitempty"`
}

func newEngine(t *testing.T, key string) *engine {
	e := &engine{key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/calls", e.list)
	e.Server = httptest.NewServer(mux)
	t.Cleanup(e.Close)
	return e
}

func (e *engine) list(w http.ResponseWriter, r *http.Request) {
	e.asked++
	q := r.URL.Query()
	switch {
	case r.Header.Get("Authorization") != "Bearer "+e.key:
		http.Error(w, `{"error":"unauthorized"}`, http.StatusUnauthorized)
		return
	case e.busy > 0 && e.asked%e.busy == 0:
		http.Error(w, `{"code":"rate_limited","error":"rate limit exceeded"}`, http.StatusTooManyRequests)
		return
	}
	from, err := time.Parse(time.RFC3339, q.Get("start_time"))
	hasFrom := err == nil
	to, err := time.Parse(time.RFC3339, q.Get("end_time"))
	hasTo := err == nil
	tgid, err := strconv.ParseInt(q.Get("tgid"), 10, 64)
	hasTgid := err == nil
	calls := slices.DeleteFunc(slices.Clone(e.calls), func(c engineCall) bool {
		return hasFrom && c.Start.Before(from) || hasTo && !c.Start.Before(to) || hasTgid && c.Talkgroup != tgid
	})
	total := len(calls)
	rand.Shuffle(total, func(i, j int) { calls[i], calls[j] = calls[j], calls[i] })
	slices.SortStableFunc(calls, func(a, b engineCall) int {
		if strings.TrimPrefix(q.Get("sort"), "-") == "tgid" {
			return cmp.Compare(b.Talkgroup, a.Talkgroup)
		}
		return b.Start.Compare(a.Start)
	})
	limit, _ := strconv.Atoi(q.Get("limit"))
	limit = min(limit, 1000)
	offset, _ := strconv.Atoi(q.Get("offset"))
	calls = calls[min(offset, total):min(offset+limit, total)]
	e.largest = max(e.largest, len(calls))
	_ = json.NewEncoder(w).Encode(map[string]any{"calls": calls, "total": total, "limit": limit, "offset": offset})
}

// A run whose calls share few seconds, such as one with many talkgroups and a wide window, is read in full through the
// list.
func TestTREngineList(t *testing.T) {
	e := newEngine(t, "hush")
	e.busy = 7
	start := time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)
	l := delivery.NewLedger("rs-abcdefgh-", start)
	size := int64(5000)
	const systems, talkgroups, seconds = 12, 300, 2 // 3,600 calls in each second
	n := uint64(0)
	add := func(system, talkgroup int64, at time.Time, keep bool) {
		deliverytest.Record(l, n, rdio.Call{System: system, Talkgroup: talkgroup, Time: at}, measure.Accepted)
		if n++; keep {
			label := fmt.Sprintf("rdiostress-%d", system)
			e.calls = append(e.calls, engineCall{int64(n), int(system) + 100, label, talkgroup, at, &size})
		}
	}
	for second := range seconds {
		for system := range systems {
			for talkgroup := range talkgroups {
				add(
					int64(11+system), int64(1001+talkgroup), start.Add(-time.Duration(second)*11*time.Second),
					talkgroup != 0 || system != 0,
				)
			}
		}
	}
	add(11, 1001, start.Add(-50*time.Hour), true)
	e.calls = append(e.calls, engineCall{99999, 7, "butco", 5, start, nil})
	open := func(key string) (*trEngineAPI, error) {
		p, err := OpenTREngine(t.Context(), e.Client(), e.URL+"/api/v1/call-upload", key)
		if err != nil {
			return nil, err
		}
		api := p.(*trEngineAPI)
		api.pause, api.start = time.Millisecond, 0
		return api, nil
	}
	if _, err := open("wrong"); err == nil || strings.Contains(err.Error(), "wrong") ||
		!strings.Contains(err.Error(), "401") {
		t.Errorf("with a wrong key: %v", err)
	}
	p, err := open("hush")
	if err != nil {
		t.Fatal(err)
	}
	counted := int64(0)
	if err := p.Poll(t.Context(), &delivery.Visitor{Count: func(calls int64) { counted = calls }}); err != nil ||
		counted != int64(len(e.calls)) {
		t.Errorf("a look counts %d of %d: %v", counted, len(e.calls), err)
	}
	a := deliverytest.Account(t, l, p, &delivery.AudioOptions{Sent: func(uint64) (delivery.Sent, bool) {
		return delivery.Sent{Ext: ".mp3", Size: size}, true
	}})
	const want = "7201 = 7199 stored + 0 altered + 0 dropped + 2 missing + 0 pending; twice 0; system 0, talkgroup " +
		"0, time 0, audio 0; "
	if got := deliverytest.Tally(a); !strings.HasPrefix(got, want) {
		t.Errorf("\ngot  %s\nwant %s", got, want)
	}
	if e.largest > 1000 || e.asked > 60 {
		t.Errorf("%d requests, the largest page %d", e.asked, e.largest)
	}
}

// A server without such a list is reported to have none; a server with one is polled rarely.
func TestNoTREngine(t *testing.T) {
	for _, answer := range []string{"<html>", `{"results":[],"count":0}`, `{"calls":[]}`, `{"calls":7,"total":0}`} {
		s := httptest.NewServer(
			http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) }),
		)
		_, err := OpenTREngine(t.Context(), s.Client(), s.URL, "hush")
		if err == nil || !strings.Contains(err.Error(), ErrNoAPI.Error()) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", answer, err)
		}
		s.Close()
	}
	e := newEngine(t, "hush")
	e.calls = []engineCall{{1, 1, "butco", 1, time.Now(), nil}}
	p, err := OpenTREngine(t.Context(), e.Client(), e.URL, "hush")
	if err != nil {
		t.Fatal(err)
	}
	w := delivery.Start(t.Context(), delivery.NewLedger("x-", time.Now()), p, delivery.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	defer w.Finish(ctx, 0)
	if w.Every != 5*time.Second {
		t.Errorf("looked at every %v", w.Every)
	}
}

// A list that allows few requests is not polled every second.
func TestHowOftenListsAreLookedAt(t *testing.T) {
	own, other := &api{byID: true, pause: plainPause}, &api{pause: plainPause}
	if own.Every() != 0 || other.Every() != 3*time.Second {
		t.Errorf("one's own every %v, others every %v", own.Every(), other.Every())
	}
}

// The labels that a run gives to systems identify tr-engine's calls as the run's own.
func TestOwnLabels(t *testing.T) {
	for system, number := range map[int64]string{0: "0", 1: "1", 11: "11", 65535: "65535", 123456789: "123456789"} {
		m := ownLabels.FindStringSubmatch(traffic.SystemLabel(system))
		if m == nil || m[1] != number {
			t.Errorf("%s is not known as system %d: %q", traffic.SystemLabel(system), system, m)
		}
	}
	for label, want := range deliverytest.Labels() {
		if r := (&trEngineCall{Label: label}).row(); r.System != want {
			t.Errorf("%q is system %d, want %d", label, r.System, want)
		}
	}
}

// A stranger's call of the same talkgroup and second neither turns a lost call into a stored one nor a stored one into
// two. In a replay, whose labels come from the recording, it may be the run's own.
func TestStrangersCallsInTREngine(t *testing.T) {
	start := time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name, sent, kept, stranger string
		want                       string
	}{
		{"a lost one", "rdiostress-11", "", "butco", "0 stored, 1 missing, 0 twice"},
		{"a stored one", "rdiostress-11", "rdiostress-11", "butco", "1 stored, 0 missing, 0 twice"},
		{"one of a recording", "butco", "butco", "", "1 stored, 0 missing, 0 twice"},
		{"without a label", "rdiostress-11", "11", "butco", "1 stored, 0 missing, 0 twice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := delivery.NewLedger("rs-abcdefgh-", start)
			call := rdio.Call{System: 11, Talkgroup: 1001, Time: start, SystemLabel: tt.sent}
			deliverytest.Record(l, 0, call, measure.Accepted)
			e := newEngine(t, "hush")
			for i, label := range []string{tt.stranger, tt.kept} {
				if label != "" {
					e.calls = append(e.calls, engineCall{int64(i) + 1, i + 100, label, 1001, start, nil})
				}
			}
			p, err := OpenTREngine(t.Context(), e.Client(), e.URL, "hush")
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			p.(*trEngineAPI).pause = time.Millisecond
			a := deliverytest.Account(t, l, p, &delivery.AudioOptions{})
			if got := fmt.Sprintf("%d stored, %d missing, %d twice", *a.Stored, *a.Missing,
				*a.Duplicated); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
