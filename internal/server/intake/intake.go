// Package intake handles an upload from its first byte until its call is stored.
//
// An upload passes these stages: the rate limit of its address, admission, the form with its audio (in memory if short,
// otherwise in a file of the [Spool]), the key and its rate limit, the fields, and the store, which commits it together
// with other calls. Each stage has its own error type; the server maps these errors to replies.
package intake

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"rdiostress/internal/server/admission"
	"rdiostress/internal/server/apikey"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/clientaddr"
	"rdiostress/internal/server/ratelimit"
	"rdiostress/internal/server/refusallog"
	"rdiostress/internal/server/telemetry"
)

// Options are the options of an Intake. All are required.
type Options struct {
	Store    call.Store
	Spool    *Spool
	Gate     *admission.Gate
	Disk     *admission.DiskGuard
	Writes   *Writes
	Counters *telemetry.Counters
	Log      *slog.Logger
	Refusals *refusallog.Log

	Keys       *apikey.Ring
	PerKey     ratelimit.Policy
	PerAddress ratelimit.Policy
	FailClosed bool           // refuse uploads whose rate limit cannot be looked up
	Proxies    []netip.Prefix // trusted proxies, whose X-Forwarded-For counts

	MaxBytes int64         // of one request's body
	MinRate  int64         // minimum rate of an upload in bytes/s
	Patience time.Duration // how long the rate may be below MinRate
	Now      func() time.Time
}

// Intake accepts uploads. It is safe for concurrent use. Create one with New.
type Intake struct {
	o       Options
	readers sync.Pool // of *bufio.Reader
}

// New returns an Intake.
func New(o Options) *Intake { return &Intake{o: o} }

// Result is the result of an upload that was not refused.
type Result struct {
	// Outcome is what happened to the upload.
	Outcome Outcome
	ID      int64 // id of the stored call
}

// Outcome is what happened to an upload.
type Outcome int

// Outcomes of an upload.
const (
	Stored    Outcome = iota
	Duplicate         // the call was dropped as a duplicate
	Tested            // it was a connection test
)

// Receive accepts one upload and returns once its call is stored. Body must be the request's body. Receive only sets
// headers of the response.
func (in *Intake) Receive(w http.ResponseWriter, r *http.Request, body *Body) (Result, error) {
	began := time.Now()
	if in.o.PerAddress.Rate.Limit > 0 {
		client := clientaddr.Prefix(clientaddr.Of(r, in.o.Proxies))
		if err := in.limit(r.Context(), w.Header(), &in.o.PerAddress, client); err != nil {
			return Result{}, err
		}
	}
	if in.o.Disk.IsFull() {
		return Result{}, call.ErrNoSpace
	}
	ticket, err := in.o.Gate.Enter(r.Context())
	if err != nil {
		return Result{}, err
	}
	defer ticket.Close()
	if err := ticket.Start(); err != nil {
		return Result{}, err
	}
	u := &upload{in: in, w: w, r: r, body: body, ticket: ticket, audio: audio{spool: in.o.Spool, ticket: ticket}}
	defer func() {
		if err := u.audio.release(); err != nil {
			in.o.Refusals.Once("spool", "a spooled upload could not be removed; the next start removes it",
				slog.Any("error", err))
		}
	}()
	c, err := u.readCall()
	ticket.Release() // others can work while this upload waits for its commit
	received := time.Since(began)
	if err != nil {
		return Result{}, in.failed(err)
	}
	if c == nil {
		in.o.Counters.Test()
		return Result{Outcome: Tested}, nil
	}
	return in.put(r.Context(), c, began, telemetry.Times{Received: received, Waited: ticket.Waited()})
}

// put passes a call to the store.
func (in *Intake) put(ctx context.Context, c *call.Upload, began time.Time, times telemetry.Times) (Result, error) {
	id, err := in.o.Store.Put(ctx, c)
	in.o.Writes.record(err, c.File != "")
	switch {
	case errors.Is(err, call.ErrDuplicate):
		in.o.Counters.Duplicate()
		return Result{Outcome: Duplicate}, nil
	case err != nil:
		return Result{}, fmt.Errorf("storing a call: %w", err)
	}
	times.Total = time.Since(began)
	in.o.Counters.Accept(times)
	in.o.Log.LogAttrs(ctx, slog.LevelDebug, "call stored", slog.Int64("id", id),
		slog.Int64("system", c.Call.System), slog.Int64("talkgroup", c.Call.Talkgroup), slog.Int64("bytes", c.Size))
	return Result{ID: id}, nil
}

// failed records an error of receiving an upload. If the spool failed because the data folder is gone, it returns that
// reason.
func (in *Intake) failed(err error) error {
	if errors.As(err, new(*SpoolError)) {
		in.o.Writes.record(err, true)
		if gone := in.o.Store.Gone(); gone != nil {
			return gone
		}
	}
	return err
}

// limit takes an upload from a bucket of a policy. If the limiter fails, FailClosed decides.
func (in *Intake) limit(ctx context.Context, h http.Header, p *ratelimit.Policy, bucket string) error {
	err := p.Take(ctx, h, bucket)
	if err == nil || errors.As(err, new(*ratelimit.ExceededError)) {
		return err
	}
	in.o.Counters.LimitUnknown()
	if in.o.FailClosed {
		return err
	}
	in.o.Refusals.Once("rate_limiter", "the rate limit cannot be looked up; uploads are allowed",
		slog.Any("error", err))
	return nil
}

// reader returns a buffered reader of an upload's body from the pool. The caller must return it to the pool.
func (in *Intake) reader(body io.Reader) *bufio.Reader {
	if br, ok := in.readers.Get().(*bufio.Reader); ok {
		br.Reset(body)
		return br
	}
	return bufio.NewReaderSize(body, admission.ReadBuffer)
}

// Body counts the bytes that are read from a request's body.
type Body struct {
	io.ReadCloser

	Count int64  // bytes read
	Key   string // label of the key that the body contained
}

// Read implements io.Reader.
func (b *Body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.Count += int64(n)
	return n, err
}
