package verification

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rdiostress/internal/delivery"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A place is written in the form that is parsed, and shows no password.
func TestPlace(t *testing.T) {
	for text, public := range map[string]string{
		"auto": "auto", "api": "api", "none": "none", "sqlite:/var/a@b?.db": "sqlite:/var/a@b?.db",
		"sink=127.0.0.1:9000":               "sink=127.0.0.1:9000",
		"api=http://localhost:8000":         "api=http://localhost:8000",
		"postgres://rdio:hush@host/rdio":    "postgres://…@host/rdio",
		"postgresql:///rdio?host=/run/hush": "postgresql:///rdio?…",
		"mysql://rdio:hush@host/rdio":       "mysql://…@host/rdio",
	} {
		p, err := ParsePlace(text)
		if err != nil || p.String() != text || p.Public() != public {
			t.Errorf("%s is read as %+v, %v and written as %s and %s", text, p, err, p, p.Public())
		}
	}
	for text, want := range map[string]string{
		"database": "must be auto, api, ", "sqlite:": "names no file", "postgres://": "must be like " +
			"postgres://", "sink=9000": "an address and a port",
		"api=http://": "must be followed by an address", "redis://user:hush@host": "not \"redis://…@host\"",
	} {
		if _, err := ParsePlace(text); err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// open opens a place for a server that does not exist.
func open(t *testing.T, p Plan) (*Verification, error) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return Open(t.Context(), p, Server{URL: "http://127.0.0.1:1", Client: client, NotWatched: "nobody asked"})
}

// A place that cannot be used is closed again.
func TestOpenClosesOnError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	plan := Plan{Place: Place{Sink, address}}
	var listen *ListenError
	if _, err := open(t, plan); !errors.As(err, &listen) {
		t.Errorf("a sink has an address that is taken: %v", err)
	}
	l.Close()
	plan.ServerLog = filepath.Join(t.TempDir(), "none.log")
	var failed *OpenError
	if _, err := open(t, plan); !errors.As(err, &failed) || !strings.Contains(err.Error(), "none.log") {
		t.Fatalf("opened without its log: %v", err)
	}
	if l, err = net.Listen("tcp", address); err != nil {
		t.Fatalf("the sink still listens: %v", err)
	}
	l.Close()
}

// Each kind of place is opened with its own method.
func TestOpen(t *testing.T) {
	for place, want := range map[Place]string{
		{Kind: SQLite, Address: filepath.Join(t.TempDir(), "none.db")}: "no such file",
		{Kind: Postgres, Address: "postgres://u:hush@127.0.0.1:1/x"}:   "postgres://…@127.0.0.1:1/x",
		{Kind: MySQL, Address: "mysql://u:hush@127.0.0.1:1/x"}:         "mysql://…@127.0.0.1:1/x",
		{Kind: API}: "127.0.0.1:1",
		{Kind: API, Address: "http://127.0.0.1:2"}: "127.0.0.1:2",
	} {
		if _, err := open(t, Plan{Place: place}); err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "hush") {
			t.Errorf("%+v: %v", place, err)
		}
	}
	for kind, want := range map[Kind]string{
		None: "not asked for", Auto: "the server does not list its calls, and its database is not looked for with " +
			"nobody asked",
	} {
		v, err := open(t, Plan{Place: Place{Kind: kind}})
		if err != nil {
			t.Fatal(err)
		}
		why, unread := v.Absent()
		v.Baseline(t.Context())
		v.Begin(t.Context(), Run{})
		d := v.Finish(t.Context(), 0)
		if why != want || unread || v.Method() != "" || v.Found() != nil || v.Ledger() != nil || v.Progress() != nil ||
			d.Absent != want {
			t.Errorf("%s: %q, %t, %+v", kind, why, unread, d)
		}
		v.Crashed(time.Second)
		v.FillSeries(nil)
		v.Close()
	}
	log := filepath.Join(t.TempDir(), "server.log")
	if err := os.WriteFile(log, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := open(t, Plan{Place: Place{Sink, "127.0.0.1:0"}, ServerLog: log})
	if err != nil {
		t.Fatal(err)
	}
	if look, unseen := v.Names(t.Context()); look != nil || v.Method() != "sink" || v.log == nil ||
		!strings.Contains(unseen, "a sink shows") {
		t.Errorf("%s, %s", v.Method(), unseen)
	}
	if k := v.Knowledge(t.Context()); k.Complete || k.AddsNone() {
		t.Errorf("%+v", k)
	}
	v.Close()
}

// storing is a prober of a server that stores some calls, and then stops.
type storing struct {
	stored atomic.Int64
	counts bool
}

func (s *storing) Method() string { return "sqlite" }
func (s *storing) Source() string { return "a test" }
func (s *storing) Close() error   { return nil }

func (s *storing) Poll(_ context.Context, tell *delivery.Visitor) error {
	if s.counts {
		tell.Count(s.stored.Load())
		return nil
	}
	return s.ReadAll(context.Background(), tell)
}

func (s *storing) ReadAll(_ context.Context, tell *delivery.Visitor) error {
	for n := range s.stored.Load() {
		tell.Row(&delivery.Row{ID: n, Name: name(uint64(n)), System: -1, Time: dated, Size: -1})
	}
	return nil
}

const runID = "abcdefgh"

var dated = time.Unix(1764000000, 0)

func name(n uint64) string { return fmt.Sprintf("%s%07d.mp3", rdio.MarkPattern(runID), n) }

// A wait ends when nothing was stored for as long as the plan says.
func TestStandstill(t *testing.T) {
	prober := &storing{}
	v := With(Plan{Timeout: time.Minute, Max: time.Hour, Standstill: time.Second, NotCompared: "a test"}, prober)
	prober.stored.Store(3)
	v.Baseline(t.Context())
	v.Begin(t.Context(), Run{ID: runID, Start: time.Now()})
	for n := range uint64(5) {
		v.Ledger().Record(n, &rdio.Call{AudioName: name(n), Time: dated},
			&measure.Outcome{Class: measure.Accepted, Done: time.Millisecond})
	}
	began := time.Now()
	d := v.Finish(t.Context(), time.Since(began))
	if took := time.Since(began); d.Pending == nil || *d.Stored != 3 || *d.Pending != 2 || took < time.Second ||
		took > 20*time.Second {
		t.Errorf("after %v: %+v", took, d)
	}
	if p := v.Progress(); p == nil || p.Every <= 0 {
		t.Errorf("%+v", p)
	}
	v.Crashed(time.Second)
	v.FillSeries(make([]measure.Point, 2))
	v.Close()
}

// The names of stored calls are reported, unless the server only counts them.
func TestNames(t *testing.T) {
	prober := &storing{}
	look, unseen := With(Plan{}, prober).Names(t.Context())
	if look == nil || unseen != "" {
		t.Fatal(unseen)
	}
	prober.stored.Store(2)
	var names []string
	if err := look(t.Context(), func(n string) { names = append(names, n) }, func(string) {}); err != nil ||
		len(names) != 2 {
		t.Errorf("%q, %v", names, err)
	}
	prober.counts = true
	if look, unseen := With(Plan{}, prober).Names(t.Context()); look != nil ||
		!strings.Contains(unseen, "only counts") {
		t.Errorf("%q", unseen)
	}
	if look, unseen := (&Verification{absent: "nobody asked"}).Names(t.Context()); look != nil ||
		!strings.HasSuffix(unseen, ": nobody asked") {
		t.Errorf("%q", unseen)
	}
	var s measure.Scenario
	p := Plan{Place: Place{Kind: Auto}, Timeout: time.Minute, Max: time.Hour, Required: true}
	if p.Record(&s); s.Verify != "auto" || s.VerifyWaitS != 60 || s.VerifyMaxS != 3600 || !s.MustVerify {
		t.Errorf("%+v", s)
	}
}

// What is known of a server's talkgroups is added to, and a place that cannot be opened is named without its secrets.
func TestKnowledgeAndOpenError(t *testing.T) {
	var k Knowledge
	tg := Talkgroup{System: 900, ID: 1001}
	if k.Add(tg); !k.Talkgroups[tg] || k.AddsNone() {
		t.Errorf("%+v", k)
	}
	adds := false
	if k.Adds = &adds; !k.AddsNone() {
		t.Error("a server that adds none is not known as such")
	}
	cause := errors.New("no route to host")
	err := error(&OpenError{Place{Kind: Postgres, Address: "postgres://me:hush@db/calls"}, cause})
	if !errors.Is(err, cause) || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "no route") {
		t.Errorf("%v", err)
	}
	if n, ok := With(Plan{}, nil).Counted(t.Context()); ok || n != 0 {
		t.Errorf("a place that cannot be seen has %d calls", n)
	}
}
