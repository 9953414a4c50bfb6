package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"

	"rdiostress/internal/server/admission"
	"rdiostress/internal/server/call"
)

// handleCalls serves GET /api/calls.
func (s *Server) handleCalls(w http.ResponseWriter, r *http.Request) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		s.fail(w, r, &refusal{status: http.StatusBadRequest, text: "Malformed query string"})
		return
	}
	q, cursor, err := parseQuery(values)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if err := s.limits.lists.Acquire(r.Context()); err != nil {
		s.fail(w, r, err)
		return
	}
	defer s.limits.lists.Release()
	l := &list{store: s.store, q: q, cursor: cursor, left: q.PerPage}
	if err := l.read(r.Context()); err != nil {
		s.fail(w, r, fmt.Errorf("listing calls: %w", err))
		return
	}
	w.Header()["Content-Type"] = []string{"application/json"}
	sw := admission.DeadlineWriter{ResponseWriter: w, Timeout: listStep}
	sw.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	if err := l.send(r.Context(), sw); err != nil {
		if r.Context().Err() == nil && !errors.As(err, new(*sendError)) {
			s.log.LogAttrs(r.Context(), slog.LevelError, "a list of calls is cut off", slog.Any("error", err))
		}
		panic(http.ErrAbortHandler) // so that a client does not take half a list for a complete one
	}
}

// list is a page of calls that is sent to a client in batches.
type list struct {
	store  call.Store
	q      call.Query
	cursor string // cursor that calls are followed from; empty if the page is one of a sorted list

	batch      []call.Record
	heard      map[int64]*transcriptJSON // what is known of the batch's transcription
	left       int                       // how many calls the page may still have, including those of the batch
	isComplete bool                      // no calls follow the batch
	total      int64
}

// read reads the next batch.
func (l *list) read(ctx context.Context) (err error) {
	q := l.q
	q.PerPage, q.MaxBytes = l.left, pieceBytes
	if l.cursor != "" {
		l.batch, l.cursor, err = l.store.Follow(ctx, q, l.cursor)
	} else {
		l.batch, l.total, err = l.store.Calls(ctx, q)
	}
	if err == nil {
		l.heard, err = transcripts(ctx, l.store, l.batch)
	}
	if err != nil {
		return err
	}
	l.isComplete = len(l.batch) >= l.left || q.IsWhole(l.batch)
	l.left -= len(l.batch)
	return nil
}

// advance makes the next batch begin after the last call.
func (l *list) advance() {
	if l.cursor == "" {
		last := l.batch[len(l.batch)-1]
		l.q.After, l.q.Total = &last, l.total
	}
	l.batch = nil
}

// sendError is an error of the connection.
type sendError struct{ err error }

func (e *sendError) Error() string { return e.err.Error() }
func (e *sendError) Unwrap() error { return e.err }

// send sends the page; its first batch has already been read.
func (l *list) send(ctx context.Context, w admission.DeadlineWriter) error {
	out := bufio.NewWriterSize(w, listBuffer)
	var call bytes.Buffer // reused for all calls
	enc := json.NewEncoder(&call)
	enc.SetEscapeHTML(false)
	out.WriteString(`{"calls":[`) // errors of the connection appear at the flush
	for isFirst := true; ; {
		for i := range l.batch {
			call.Reset()
			listed := listedCallOf(&l.batch[i])
			listed.Transcript = l.heard[listed.ID]
			if err := enc.Encode(listed); err != nil {
				return err
			}
			if !isFirst {
				out.WriteByte(',')
			}
			isFirst = false
			if _, err := out.Write(bytes.TrimSuffix(call.Bytes(), []byte("\n"))); err != nil {
				return &sendError{err}
			}
		}
		if l.isComplete {
			break
		}
		l.advance()
		if err := l.read(ctx); err != nil {
			return err
		}
	}
	l.writeTotals(out)
	if err := out.Flush(); err != nil {
		return &sendError{err}
	}
	return nil
}

// writeTotals writes the fields after the calls.
func (l *list) writeTotals(out *bufio.Writer) {
	field := func(name string, v int64) {
		fmt.Fprintf(out, `,%q:%d`, name, v)
	}
	out.WriteByte(']')
	if l.cursor == "" && !l.q.Uncounted {
		field("total", l.total)
	}
	field("page", int64(l.q.Page))
	perPage := int64(l.q.PerPage)
	field("per_page", perPage)
	if l.cursor == "" && !l.q.Uncounted {
		field("total_pages", (l.total+perPage-1)/perPage)
	}
	field("after_id", l.q.AfterID) // shows that the list can be continued by id
	if l.cursor != "" {
		fmt.Fprintf(out, `,"next_cursor":%s`, strconv.Quote(l.cursor))
	}
	out.WriteString("}\n")
}
