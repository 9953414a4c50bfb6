package trial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/traffic"
	"rdiostress/internal/trial/verification"
)

// knowingServer accepts every call and stores it at once, and as a Prober shows its calls and talkgroups.
type knowingServer struct {
	adds     *bool
	faults   int // failed reads of its talkgroups, before one works
	takesAny bool

	mu    sync.Mutex
	known map[verification.Talkgroup]bool
	calls []rdio.Call
	told  int
}

func (s *knowingServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	boundary, err := rdio.Boundary(r.Header.Get("Content-Type"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	form, err := rdio.ReadForm(r.Body, boundary,
		func(_ *rdio.Form, audio io.Reader) (int64, error) { return io.Copy(io.Discard, audio) })
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, rdio.Call{
		System: form.Number("system"), Talkgroup: form.Number("talkgroup"), AudioName: form.AudioName,
	})
	_, _ = io.WriteString(w, rdio.PhraseImported)
}

func (s *knowingServer) Method() string                                   { return "sqlite" }
func (s *knowingServer) Source() string                                   { return "a test" }
func (s *knowingServer) ReadAll(context.Context, *delivery.Visitor) error { return nil }
func (s *knowingServer) Close() error                                     { return nil }
func (s *knowingServer) Poll(_ context.Context, tell *delivery.Visitor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ; s.told < len(s.calls); s.told++ {
		call := s.calls[s.told]
		s.known[verification.Talkgroup{System: call.System, ID: call.Talkgroup}] = true
		tell.Row(&delivery.Row{ID: int64(s.told), Name: call.AudioName})
	}
	return nil
}

func (s *knowingServer) Talkgroups(_ context.Context, each func(system, talkgroup int64)) error {
	if s.takesAny {
		return delivery.ErrTakesAny
	}
	if s.faults--; s.faults >= 0 {
		return errors.New("database is locked")
	}
	for p := range s.known {
		each(p.System, p.ID)
	}
	return nil
}

func (s *knowingServer) Settings(context.Context) (delivery.Settings, error) {
	return delivery.Settings{AutoPopulates: s.adds}, nil
}

// serve starts the server with its known talkgroups, and returns a trial against it that is about to be prepared, and
// its events.
func (s *knowingServer) serve(t *testing.T, known string, change func(*Plan)) (*run, *told) {
	t.Helper()
	s.known = make(map[verification.Talkgroup]bool)
	for _, id := range ids(t, known) {
		s.known[verification.Talkgroup{System: 900, ID: id}] = true
	}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	plan := testPlan(t, web.URL)
	if change != nil {
		change(&plan)
	}
	heard := &told{}
	dispatcher := newDispatcher(heard)
	t.Cleanup(dispatcher.close)
	r := newRun(Environment{}, plan, dispatcher)
	r.emit = heard.Observe // at once
	r.verification = verification.With(plan.Verification, s)
	var err error
	if r.connect, err = plan.connect(); err != nil {
		t.Fatal(err)
	}
	if err := r.openAudio(); err != nil {
		t.Fatal(err)
	}
	return r, heard
}

// ids reads numbers.
func ids(t *testing.T, text string) scenario.IDs {
	t.Helper()
	list, err := scenario.ParseIDs(text)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Talkgroups that the server has are not primed, with any priming setting. If its database shows these, the others are
// primed.
func TestKnownTalkgroupsAreNotPrimed(t *testing.T) {
	yes := true
	for _, tt := range []struct {
		name   string
		server *knowingServer
		learns bool // according to the preflight
		change func(*Plan)
		known  string
		primed int // talkgroups; negative: no priming in the result
	}{
		{"some are known", &knowingServer{}, true, nil, "1001-1060", 40},
		{"all are known", &knowingServer{}, true, nil, "1001-1100", 0},
		{"of another system", &knowingServer{}, true, use(t, "901", "1001-1005"), "1001-1100", 5},
		{"the database says that it learns", &knowingServer{adds: &yes}, false, nil, "1001-1060", 40},
		{"nothing says that it learns", &knowingServer{}, false, nil, "1001-1060", -1},
		{"it takes any", &knowingServer{takesAny: true}, true, nil, "1001", -1},
		{"it takes any, and is to be primed", &knowingServer{takesAny: true}, false, func(p *Plan) {
			p.Priming.Mode = PrimeOn
			use(t, "900", "1-7")(p)
		}, "1001", 7},
		{"locked for good", &knowingServer{faults: 1000}, true, use(t, "900", "1001-1008"), "1001-1100", 8},
		{"switched off", &knowingServer{}, true, func(p *Plan) { p.Priming.Mode = PrimeOff }, "1001", -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, _ := tt.server.serve(t, tt.known, tt.change)
			r.learned.Prime = r.plan.Priming.Mode == PrimeOn || tt.learns
			m, err := r.prime(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			sent := make(map[verification.Talkgroup]bool)
			for _, call := range tt.server.calls {
				sent[verification.Talkgroup{System: call.System, ID: call.Talkgroup}] = true
			}
			if len(sent) != max(tt.primed, 0) || (m == nil) != (tt.primed < 0) {
				t.Fatalf("%d talkgroups are primed, want %d: %+v", len(sent), tt.primed, m)
			}
			if m == nil {
				return
			}
			if m.NotKnown == nil || *m.NotKnown != 0 || m.LeftOut != 0 {
				t.Errorf("%+v", m)
			}
			if m.KnownBefore != nil && int(*m.KnownBefore)+tt.primed != int(m.Talkgroups) {
				t.Errorf("%d of %d known before, %d primed", *m.KnownBefore, m.Talkgroups, tt.primed)
			}
			s := r.scenario()
			calls := traffic.New(&s, traffic.Options{RunID: "abc", Start: time.Now()})
			if pairs := r.learned.knownPairs(calls); len(pairs) != calls.Pairs() && !tt.server.takesAny &&
				tt.server.faults < 0 {
				t.Errorf("%d of %d pairs are known now", len(pairs), calls.Pairs())
			}
		})
	}
}

// use makes a plan use systems and talkgroups that the user names.
func use(t *testing.T, systems, talkgroups string) func(*Plan) {
	t.Helper()
	return func(p *Plan) {
		p.Scenario.Systems, p.Scenario.Talkgroups, p.Priming.KeepTalkgroups = ids(t, systems), ids(t, talkgroups), true
	}
}

// A server that adds no talkgroups by itself is sent only what it has: of the default talkgroups those that it knows,
// or else what the user has named, unless it knows none of these.
func TestServerThatAddsNoTalkgroups(t *testing.T) {
	no := false
	for _, tt := range []struct {
		name, named, known string
		talkgroups         string // of the run; empty: there is no run
		said               string // text of a warning or the error
	}{
		{"all are known", "", "1001-1100", "1001-1100", ""},
		{
			"some default ones are known", "", "1003-1005,2001", "1003-1005",
			"knows 3 of the default ones: the run uses these",
		},
		{"no default one is known", "", "2001-2009", "", "does not know any of the 100 that this run would send"},
		{
			"some named ones are known", "1001-1010", "1003-1005", "1001-1010",
			"does not know 7 of the 10 of this run; rdio-scanner 7 needs them: send only systems and talkgroups that " +
				"it has",
		},
		{"no named one is known", "1001-1010", "2001", "", "does not know any of the 10 that this run would send"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &knowingServer{adds: &no}
			change := func(*Plan) {}
			if tt.named != "" {
				change = use(t, "900", tt.named)
			}
			r, heard := s.serve(t, tt.known, change)
			know := r.verification.Knowledge(t.Context())
			err := r.guard(&know)
			said := fmt.Sprint(heard.events())
			if tt.talkgroups == "" {
				var refused *TalkgroupsError
				if !errors.As(err, &refused) || len(s.calls) > 0 {
					t.Fatalf("%v, %d calls sent", err, len(s.calls))
				}
				if all := ids(t, tt.known); refused.System != 900 ||
					!slices.Equal(refused.Talkgroups, all[:min(5, len(all))]) {
					t.Errorf("could be sent %d, %v", refused.System, refused.Talkgroups)
				}
				said += err.Error()
			} else if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(said, tt.said) {
				t.Errorf("said %q, want %q", said, tt.said)
			}
			if err != nil {
				return
			}
			if got := r.scenario().Talkgroups.String(); got != tt.talkgroups {
				t.Errorf("the run uses %s, want %s", got, tt.talkgroups)
			}
			if err := r.sendFirstCalls(t.Context()); err != nil {
				t.Fatal(err)
			}
			r.learned.Prime = true
			m, err := r.prime(t.Context())
			if err != nil || m == nil || m.Calls != 0 {
				t.Errorf("%v, primed with %+v", err, m)
			}
			for _, call := range s.calls { // the preflight's
				if !slices.Contains(ids(t, tt.known), call.Talkgroup) && call.AudioName != "" {
					t.Errorf("a call of talkgroup %d is sent, which the server does not know", call.Talkgroup)
				}
			}
		})
	}
}

// If the server knows no talkgroups at all, the error names none that can be sent.
func TestServerThatKnowsNothing(t *testing.T) {
	no := false
	e := talkgroupsError(&verification.Knowledge{Adds: &no}, "does not know any of the %d", 3)
	if e.System != 0 || len(e.Talkgroups) > 0 ||
		!strings.HasPrefix(e.Error(), "the server adds no talkgroups by itself") {
		t.Errorf("%+v", e)
	}
}
