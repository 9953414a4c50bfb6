package cli

import (
	"bytes"
	"context"
	"errors"
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
)

// knowingServer accepts every call and stores it at once, and tells as a Prober what it has and knows.
type knowingServer struct {
	adds     *bool
	faults   int // of reading what it knows, before that works
	takesAny bool

	mu    sync.Mutex
	known map[place]bool
	calls []rdio.Call
	told  int
}

func (s *knowingServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	boundary, err := rdio.Boundary(r.Header.Get("Content-Type"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	form, err := rdio.ReadForm(r.Body, boundary, discardAudio)
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
		s.known[place{call.System, call.Talkgroup}] = true
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
		each(p[0], p[1])
	}
	return nil
}

func (s *knowingServer) Settings(context.Context) (delivery.Settings, error) {
	return delivery.Settings{AutoPopulates: s.adds}, nil
}

// serve starts it with what it knows, and returns the options of a run against it.
func (s *knowingServer) serve(t *testing.T, known scenario.IDs, args ...string) (*runOptions, *check, *bytes.Buffer) {
	t.Helper()
	var o *runOptions
	s.known = make(map[place]bool)
	for _, id := range known {
		s.known[place{900, id}] = true
	}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	said := &bytes.Buffer{}
	cmd := newRunCmd(&streams{Out: io.Discard, Err: said}, func(_ context.Context, got *runOptions) error {
		o = got
		return nil
	})
	cmd.SetArgs(append([]string{"--url", web.URL, "--watch", "none"}, args...))
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	return o, &check{prober: s}, said
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

func sources(t *testing.T, o *runOptions) traffic.Clips {
	t.Helper()
	clips, err := o.openSound()
	if err != nil {
		t.Fatal(err)
	}
	return clips
}

// Talkgroups that the server has are not primed, however it is asked to prime, and where its database says so, the
// others are.
func TestKnownTalkgroupsAreNotPrimed(t *testing.T) {
	yes := true
	for _, tt := range []struct {
		name   string
		server *knowingServer
		learns bool // by the preflight
		args   string
		known  string
		primed int // talkgroups; negative: nothing is said of priming
	}{
		{"some are known", &knowingServer{}, true, "", "1001-1060", 40},
		{"all are known", &knowingServer{}, true, "", "1001-1100", 0},
		{"of another system", &knowingServer{}, true, "--systems 901 --talkgroups 1001-1005", "1001-1100", 5},
		{"the database says that it learns", &knowingServer{adds: &yes}, false, "", "1001-1060", 40},
		{"nothing says that it learns", &knowingServer{}, false, "", "1001-1060", -1},
		{"it takes any", &knowingServer{takesAny: true}, true, "", "1001", -1},
		{"it takes any, and is to be primed", &knowingServer{takesAny: true}, false, "--prime on --talkgroups 1-7", "1001", 7},
		{"locked for good", &knowingServer{faults: 1000}, true, "--talkgroups 1001-1008", "1001-1100", 8},
		{"switched off", &knowingServer{}, true, "--prime off", "1001", -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o, c, said := tt.server.serve(t, ids(t, tt.known), strings.Fields(tt.args)...)
			o.traffic.decide(&o.scenario, tt.learns)
			m, err := o.prime(t.Context(), c, "abc", sources(t, o))
			if err != nil {
				t.Fatal(err)
			}
			sent := make(map[place]bool)
			for _, call := range tt.server.calls {
				sent[place{call.System, call.Talkgroup}] = true
			}
			if len(sent) != max(tt.primed, 0) || (m == nil) != (tt.primed < 0) {
				t.Fatalf("%d talkgroups are primed, want %d: %+v, %s", len(sent), tt.primed, m, said)
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
			traffic := traffic.New(&o.scenario, traffic.Options{RunID: "abc", Start: time.Now()})
			if pairs := o.knownPairs(traffic); len(pairs) != traffic.Pairs() && !tt.server.takesAny && tt.server.faults < 0 {
				t.Errorf("%d of %d pairs are known now", len(pairs), traffic.Pairs())
			}
		})
	}
}

// A server that adds no talkgroups by itself is sent only what it has: of the default ones those that it knows, else
// what the user has named, unless it knows none of it.
func TestServerThatAddsNoTalkgroups(t *testing.T) {
	no := false
	for _, tt := range []struct {
		name, args, known string
		talkgroups        string // of the run; empty: there is none
		said              string
	}{
		{"all are known", "", "1001-1100", "1001-1100", ""},
		{"some default ones are known", "", "1003-1005,2001", "1003-1005", "knows 3 of the default ones: the run uses these"},
		{
			"no default one is known", "", "2001-2009", "",
			"does not know any of the 100 that this run would send|" +
				"give --systems and --talkgroups that it has, such as --systems 900 --talkgroups 2001-2005",
		},
		{
			"some named ones are known", "--talkgroups 1001-1010", "1003-1005", "1001-1010",
			"does not know 7 of the 10 of this run; rdio-scanner 7 needs them: send only systems and talkgroups that it has",
		},
		{"no named one is known", "--talkgroups 1001-1010", "2001", "", "does not know any of the 10 that this run would send"},
		{"it knows nothing", "", "2001", "", "give --systems and --talkgroups that it has"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &knowingServer{adds: &no}
			o, c, said := s.serve(t, ids(t, tt.known), strings.Fields(tt.args)...)
			clips := sources(t, o)
			err := o.guardUnknown(t.Context(), c, "abc", clips)
			if tt.talkgroups == "" {
				if err == nil || exitCode(err) != exitNoRun || len(s.calls) > 0 {
					t.Fatalf("%v, %d calls sent", err, len(s.calls))
				}
				printError(o.ios, err)
			} else if err != nil {
				t.Fatal(err)
			}
			for _, want := range strings.Split(tt.said, "|") {
				if !strings.Contains(said.String(), want) {
					t.Errorf("said %q, want %q", said, want)
				}
			}
			if err != nil {
				return
			}
			if got := o.scenario.Talkgroups.String(); got != tt.talkgroups {
				t.Errorf("the run uses %s, want %s", got, tt.talkgroups)
			}
			if err := runPreflight(t.Context(), o, "abc", clips); err != nil {
				t.Fatal(err)
			}
			o.traffic.decide(&o.scenario, true)
			m, err := o.prime(t.Context(), c, "abc", clips)
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

// In a search, what its preflight warns of is not said again by its first step.
func TestSearchWarnsOnce(t *testing.T) {
	no := false
	s := &knowingServer{adds: &no}
	o, c, said := s.serve(t, ids(t, "1003-1005"), "--talkgroups", "1001-1010")
	clips := sources(t, o)
	o.scenario.Rate, o.scenario.Duration = 0, time.Minute // as before the steps
	for _, step := range []*stepRun{nil, {}} {
		o.step = step
		if err := o.guardUnknown(t.Context(), c, "abc", clips); err != nil {
			t.Fatal(err)
		}
		o.scenario.Rate = 10
		o.warn("storage is not verified: its database cannot be read")
	}
	if n, all := strings.Count(said.String(), "does not know 7 of the 10"), strings.Count(said.String(), "warning: "); n != 1 || all != 2 {
		t.Errorf("says\n%s", said)
	}
}
