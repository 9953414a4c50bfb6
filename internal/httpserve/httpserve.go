// Package httpserve serves HTTP beside the work of a command, until that is over.
package httpserve

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server serves HTTP on an address. The zero value does not serve yet.
type Server struct {
	http     *http.Server
	listener net.Listener
	served   sync.WaitGroup
}

// Start listens on an address, and has h serve there until Close. It discards what h logs: clients that misbehave must
// not write between the lines of a command.
func (s *Server) Start(ctx context.Context, address string, h *http.Server) error {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	h.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.http, s.listener = h, ln
	s.served.Go(func() { _ = h.Serve(ln) }) // it ends by Close
	return nil
}

// Addr returns the address that it listens on.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Close stops serving. Requests under way may take a while; those that are not done by then are cut off.
func (s *Server) Close(patience time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	s.served.Wait()
	return err
}
