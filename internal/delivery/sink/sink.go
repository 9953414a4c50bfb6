package sink

import (
	"context"
	"crypto/sha256"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/api"
	"rdiostress/internal/httpserve"
	"rdiostress/internal/rdio"
)

// Sink receives the calls that a server forwards: it is what rdio-scanner calls a downstream. It answers at once, and
// keeps no audio, only its hash and what its frame tells.
type Sink struct {
	server  httpserve.Server
	options Options

	mu      sync.Mutex
	count   int64
	early   []delivery.Row                           // calls whose receipts were not there yet
	account func(r *delivery.Row, at time.Time) bool // nil where nobody follows
}

// Options say what a Sink does with calls besides answering.
type Options struct {
	Key string // that calls must carry; empty takes anybody's
	// Is told of each call as it comes; safe for concurrent use and soon done; may be nil.
	Received func(delivery.Row, time.Time)
	List     http.Handler // answers GET /api/calls; may be nil
}

const (
	sinkHeaderTimeout = 10 * time.Second
	sinkTimeout       = time.Minute
	sinkStop          = 5 * time.Second
	sinkBytes         = 256 << 20 // of one call; audio is hashed as it comes, and takes no memory
)

// Listen receives calls on an address until Close.
func Listen(ctx context.Context, address string, o Options) (*Sink, error) {
	s := &Sink{options: o}
	err := s.server.Start(ctx, address, &http.Server{
		Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: sinkHeaderTimeout, ReadTimeout: sinkTimeout,
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Address implements delivery.Feed.
func (s *Sink) Address() net.Addr { return s.server.Addr() }

// Method implements delivery.Feed.
func (s *Sink) Method() string { return "sink" }

// Source implements delivery.Feed.
func (s *Sink) Source() string { return "calls forwarded to " + s.Address().String() }

// VisitEarly implements delivery.Feed.
func (s *Sink) VisitEarly(visit func(r *delivery.Row)) {
	s.mu.Lock()
	early := s.early
	s.early = nil
	s.mu.Unlock()
	for i := range early {
		visit(&early[i])
	}
}

// Close stops receiving, after the calls under way.
func (s *Sink) Close() error { return s.server.Close(sinkStop) }

// Received is how many calls came, of any run.
func (s *Sink) Received() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Follow implements delivery.Feed.
func (s *Sink) Follow(account func(r *delivery.Row, at time.Time) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account = account
}

// audioBuffer has the audio of a call kept until it is accounted, where somebody accounts.
func (s *Sink) audioBuffer() *delivery.AudioBuffer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.account == nil {
		return delivery.NewAudioBuffer(0)
	}
	return delivery.NewAudioBuffer(delivery.MaxAudio)
}

// maxEarly are kept of calls that cannot be accounted yet, or never, since they are a stranger's without a name.
const maxEarly = 1 << 18

func (s *Sink) receive(r delivery.Row) {
	now := time.Now()
	if s.options.Received != nil {
		row := r
		row.Audio = nil
		s.options.Received(row, now)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	r.ID = s.count
	if s.account == nil || s.account(&r, now) {
		return
	}
	if len(s.early) < maxEarly {
		r.ReleaseAudio()
		s.early = append(s.early, r)
	}
}

// serve is every request.
func (s *Sink) serve(w http.ResponseWriter, r *http.Request) {
	if s.options.List != nil && r.Method == http.MethodGet && r.URL.Path == api.ListPath {
		s.options.List.ServeHTTP(w, r)
		return
	}
	if r.Method != http.MethodPost {
		http.Error(w, "rdiostress sink: POST calls here", http.StatusMethodNotAllowed)
		return
	}
	boundary, err := rdio.Boundary(r.Header.Get("Content-Type"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	sum, kept := sha256.New(), s.audioBuffer()
	take := func(_ *rdio.Form, audio io.Reader) (int64, error) { return io.Copy(io.MultiWriter(sum, kept), audio) }
	form, err := rdio.ReadForm(http.MaxBytesReader(w, r.Body, sinkBytes), boundary, take)
	if err != nil {
		http.Error(w, rdio.PhraseIncomplete+": "+err.Error(), http.StatusExpectationFailed)
		return
	}
	if s.options.Key != "" && form.Key != s.options.Key {
		http.Error(w, rdio.PhraseInvalidKey, http.StatusUnauthorized)
		return
	}
	call, _, err := form.Call(time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusExpectationFailed)
		return
	}
	row := delivery.Row{
		Name: call.AudioName, System: call.System, Talkgroup: call.Talkgroup, Time: call.Time,
		Size: form.AudioBytes, HasSum: true,
		Audio: kept.Bytes(),
	}
	sum.Sum(row.Sum[:0])
	s.receive(row)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, rdio.PhraseImported+"\n") // who does not wait for it does not need it
}
