package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/httpserve"
	"rdiostress/internal/report/html"
)

const (
	refresh       = time.Second // between two states
	mostWork      = 20          // states are so many times further apart than one takes to write: 5 % of a processor
	heartbeat     = 15 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 10 * time.Second // for a piece; a reader that has not taken it by then is dropped
	piece         = 4 << 10          // bytes
	idleTimeout   = 2 * time.Minute
	maxHeader     = 16 << 10        // bytes
	reconnectMs   = 2000            // after which a browser asks again
	lastEvent     = 3 * time.Second // for followers to take the end
	stopTimeout   = time.Second     // for requests under way at the end
	eventStream   = "text/event-stream"
	contentPolicy = "Content-Security-Policy"
)

// Server serves the page of a Document.
type Server struct {
	http     httpserve.Server
	document *Document
	token    string // that readers need; empty: they must be on this machine

	patience  time.Duration // with a reader that does not take a piece
	over      chan struct{} // closed by End
	closing   chan struct{} // closed by Close
	followers followers

	mu   sync.Mutex
	page func(io.Writer) error // of the final report; nil before the end

	rendering sync.Mutex
	last      state
	lastErr   error
	rendered  time.Time
	took      time.Duration
}

// Listen serves the page of a document on an address until Close. With a token, it answers those who have that; without
// one, only requests to this machine by its own name.
func Listen(ctx context.Context, address, token string, d *Document) (*Server, error) {
	s := &Server{
		document: d, token: token, patience: writeTimeout, over: make(chan struct{}), closing: make(chan struct{}),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", s.servePage)
	mux.HandleFunc("/events", s.serveEvents)
	err := s.http.Start(ctx, address, &http.Server{
		Handler: s.guarded(mux), MaxHeaderBytes: maxHeader, ReadHeaderTimeout: readTimeout, ReadTimeout: readTimeout,
		IdleTimeout: idleTimeout,
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Addr returns the address that it listens on.
func (s *Server) Addr() net.Addr { return s.http.Addr() }

// state returns the current state of the page. It is written again at most once a refresh, for all readers, and less
// often if that takes long.
func (s *Server) state() (state, error) {
	s.rendering.Lock()
	defer s.rendering.Unlock()
	version, ended := s.document.current()
	fresh := time.Since(s.rendered) < max(refresh, mostWork*s.took)
	if !s.rendered.IsZero() && s.last.ended == ended && (fresh || s.last.version == version) {
		return s.last, s.lastErr
	}
	began := time.Now()
	s.last, s.lastErr = s.document.render()
	s.last.event = fmt.Appendf(nil, "event: %s\nid: %d\ndata: %s\n\n", eventName(s.last), s.last.version,
		encode(s.last.State))
	s.rendered = time.Now()
	s.took = s.rendered.Sub(began)
	return s.last, s.lastErr
}

// servePage serves the page that follows, and after the end the page of the report.
func (s *Server) servePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	out := s.inPieces(w)
	s.mu.Lock()
	page := s.page
	s.mu.Unlock()
	if page != nil {
		_ = page(out) // the reader may be gone; its policy is in it
		return
	}
	now, err := s.state()
	if err != nil {
		http.Error(w, "the page cannot be written", http.StatusInternalServerError)
		return
	}
	follow := html.Follow{State: now.State, Tool: "rdiostress " + s.document.Version}
	w.Header().Set(contentPolicy, follow.Policy()+"; frame-ancestors 'none'")
	_ = follow.Write(out) // the reader may be gone
}

// pieces writes to a reader in pieces, so that a slow one is dropped only if it takes nothing.
type pieces struct {
	io.Writer
	*http.ResponseController
	patience time.Duration // with a piece
}

func (s *Server) inPieces(w http.ResponseWriter) *pieces {
	return &pieces{w, http.NewResponseController(w), s.patience}
}

// Write implements [io.Writer].
func (p *pieces) Write(text []byte) (written int, err error) {
	for part := range slices.Chunk(text, piece) {
		if err := p.SetWriteDeadline(time.Now().Add(p.patience)); err != nil {
			return written, err
		}
		n, err := p.Writer.Write(part)
		if written += n; err != nil {
			return written, err
		}
	}
	return written, nil
}

// Flush sends what was written.
func (p *pieces) Flush() error {
	if err := p.SetWriteDeadline(time.Now().Add(p.patience)); err != nil {
		return err
	}
	return p.ResponseController.Flush()
}

// serveEvents sends states until the end, the reader goes or Close.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead { // it has no events, and takes nobody's place
		w.Header().Set("Content-Type", eventStream)
		return
	}
	if !s.followers.add() {
		http.Error(w, "too many follow this page", http.StatusServiceUnavailable)
		return
	}
	defer s.followers.remove()
	w.Header().Set("Content-Type", eventStream)
	out := s.inPieces(w)
	send := func(text []byte) bool {
		if _, err := out.Write(text); err != nil {
			return false
		}
		return out.Flush() == nil
	}
	if !send(fmt.Appendf(nil, "retry: %d\n\n", reconnectMs)) {
		return
	}
	var sent state
	over := s.over
	for lastSend := time.Now(); ; {
		now, err := s.state()
		if err != nil {
			return
		}
		if sent.event == nil || now.version != sent.version {
			if !send(now.event) {
				return
			}
			sent, lastSend = now, time.Now()
		} else if time.Since(lastSend) >= heartbeat {
			if !send([]byte(": waiting\n\n")) {
				return
			}
			lastSend = time.Now()
		}
		if now.ended {
			return
		}
		if !s.pause(r.Context(), over) {
			return
		}
	}
}

// pause waits until there may be another state. It reports false if the reader has gone or the server closes.
func (s *Server) pause(ctx context.Context, over <-chan struct{}) bool {
	select {
	case <-ctx.Done():
		return false
	case <-s.closing:
		return false
	case <-over: // the last state is to be had
		return true
	default:
	}
	clock.Wait(refresh, ctx.Done(), over)
	return ctx.Err() == nil
}

func eventName(s state) string {
	if s.ended {
		return "end"
	}
	return "state"
}

// encode returns a state as JSON, on one line.
func encode(s html.State) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		// Texts can always be written.
		panic(fmt.Sprintf("web: encoding a state: %v", err))
	}
	return text
}

// End shows the end: the final state to those who follow, and the page of the report to who asks for it from now on. It
// waits a moment, or until ctx ends, for those who follow to have the end. It is called once.
func (s *Server) End(ctx context.Context, final Final) {
	s.document.end(final)
	s.mu.Lock()
	s.page = final.Page
	s.mu.Unlock()
	close(s.over)
	clock.Wait(lastEvent, s.followers.none(), ctx.Done())
}

// Fail is End of what has no report: the page stays, with what went wrong and the figures until then.
func (s *Server) Fail(ctx context.Context, f Failure) { s.End(ctx, s.document.failed(f)) }

// Close stops serving.
func (s *Server) Close() {
	close(s.closing)
	s.followers.refuse()
	_ = s.http.Close(stopTimeout)
	<-s.followers.none()
}
