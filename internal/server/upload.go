package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/call"
)

const (
	// A refused upload is read on for a while, so that its client gets to see the reply: many send all before they read, and
	// closing a connection with unread data resets it.
	drainBytes   = 64 << 20
	drainTimeout = 5 * time.Second

	// A client with no more than this left to send keeps its connection, and its reply comes after that.
	drainFirst = 1 << 20

	readBuffer = 16 << 10 // with net/http's own, reads a usual upload in one go
)

// handleUpload is POST /api/call-upload and /api/trunk-recorder-call-upload.
func (s *Server) handleUpload(w http.ResponseWriter, r *http.Request) {
	answered := false
	defer func() {
		if !answered { // but panicked
			s.stats.count(errOurFault)
		}
	}()
	body := &countedBody{ReadCloser: r.Body}
	counted := r.WithContext(r.Context()) // a copy, since net/http goes by the body of the original
	counted.Body = body
	reply, err := s.upload(w, counted)
	answered = true
	if err != nil {
		s.refuseUpload(w, r, body, err)
		return
	}
	if wantsJSON(r) {
		writeJSON(w, http.StatusOK, reply)
		return
	}
	writeText(w, http.StatusOK, reply.text+"\n")
}

// uploadReply is the reply to an upload that is fine.
type uploadReply struct {
	Status  string `json:"status"`
	Message string `json:"message"`
	CallID  string `json:"callId,omitempty"`

	text string // for clients that do not ask for JSON
}

// upload takes one upload, and stores the call in it.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) (reply uploadReply, err error) {
	began := time.Now()
	if err := s.limit(r.Context(), w.Header(), policyAddress, household(s.client(r)), s.fromRate); err != nil {
		return reply, err
	}
	if s.disk.isFull() {
		return reply, errNoSpace
	}
	visit, err := s.admission.enter(r.Context())
	if err != nil {
		return reply, err
	}
	defer visit.leave()
	if err := visit.begin(); err != nil {
		return reply, err
	}
	in := &intake{spool: s.spool, visit: visit}
	defer func() {
		if err := in.release(); err != nil {
			s.tellOnce("spool", "a spooled upload stays behind until the next start", slog.Any("error", err))
		}
	}()
	u, err := s.receive(w, r, in)
	visit.rest() // others can work while this one waits for its commit
	received := time.Now()
	if err != nil {
		if errors.As(err, new(*spoolError)) {
			s.storing.note(err, true)
			if gone := s.store.Gone(); gone != nil {
				return reply, gone
			}
		}
		return reply, err
	}
	if u == nil {
		s.stats.tests.Add(1)
		w.Header().Set("Server", "rdiostress") // tells who asks what this is
		return uploadReply{Status: "ok", Message: rdio.PhraseTest, text: rdio.PhraseTest}, nil
	}
	id, err := s.store.Put(r.Context(), u)
	s.storing.note(err, u.File != "")
	switch {
	case errors.Is(err, call.ErrDuplicate):
		s.stats.duplicates.Add(1)
		return uploadReply{Status: "duplicate", Message: rdio.PhraseDuplicate, text: rdio.PhraseDuplicate}, nil
	case err != nil:
		return reply, fmt.Errorf("storing a call: %w", err)
	}
	s.stats.accepted.Add(1)
	s.took(visit, began, received)
	s.log.LogAttrs(r.Context(), slog.LevelDebug, "call stored", slog.Int64("id", id),
		slog.Int64("system", u.Call.System), slog.Int64("talkgroup", u.Call.Talkgroup), slog.Int64("bytes", u.Size))
	return uploadReply{
		Status: "ok", Message: "Call received and processed", CallID: strconv.FormatInt(id, 10), text: rdio.PhraseImported,
	}, nil
}

// took counts how long an upload took that is stored now.
func (s *Server) took(v *visit, began, received time.Time) {
	total := time.Since(began)
	s.stats.response.Add(int64(total))
	s.stages.read.Observe((received.Sub(began) - v.waited).Seconds())
	s.stages.queue.Observe(v.waited.Seconds())
	s.stages.commit.Observe((total - received.Sub(began)).Seconds())
	s.stages.total.Observe(total.Seconds())
}

// receive takes an upload in, ready to be stored, or nil for a connection test. The order of its checks is what decides which
// error a client sees: form, key, and only for those who know the key whether it is a test and what is wrong with it.
func (s *Server) receive(w http.ResponseWriter, r *http.Request, in *intake) (*call.Upload, error) {
	form, err := s.readForm(w, r, in)
	if err != nil {
		return nil, err
	}
	if err := s.checkKey(w, r, form, in); err != nil {
		return nil, err
	}
	if form.IsTest {
		return nil, nil
	}
	if r.URL.Path == rdio.TrunkRecorderPath {
		if err := form.ReadMeta(); err != nil {
			return nil, err
		}
	}
	now := s.now()
	c, dropped, err := form.Call(now)
	if err != nil {
		return nil, err
	}
	if !in.key.mayUpload(c.System, c.Talkgroup) {
		return nil, notForKey(in.key, form)
	}
	if len(dropped) > 0 {
		s.stats.droppedFields.Add(int64(len(dropped)))
		s.log.LogAttrs(r.Context(), slog.LevelDebug, "optional fields that cannot be read are left out",
			slog.Int64("system", c.System), slog.Int64("talkgroup", c.Talkgroup), slog.Any("fields", dropped))
	}
	if cut := form.Cut(); len(cut) > 0 {
		s.stats.cutFields.Add(int64(len(cut)))
		s.log.LogAttrs(r.Context(), slog.LevelDebug, "optional fields that are too long are cut",
			slog.Int64("system", c.System), slog.Int64("talkgroup", c.Talkgroup), slog.Any("fields", cut))
	}
	in.visit.rest() // a large file takes a while to be on disk
	if err := in.seal(); err != nil {
		return nil, err
	}
	u := &call.Upload{Call: c, Received: now}
	in.fill(u)
	return u, nil
}

// readForm reads the form and takes its audio in. Audio that comes after a wrong key is not read.
func (s *Server) readForm(w http.ResponseWriter, r *http.Request, in *intake) (*rdio.Form, error) {
	if isCompressed(r.Header) {
		w.Header().Set("Accept-Encoding", "identity")
		return nil, errCompressed
	}
	boundary, err := rdio.Boundary(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	if r.ContentLength > s.maxBytes {
		return nil, s.tooLarge()
	}
	rc := http.NewResponseController(w)
	steady := &steadyReader{
		r: http.MaxBytesReader(w, r.Body, s.maxBytes), deadline: rc.SetReadDeadline, visit: in.visit,
		patience: s.patience, step: max(int(float64(s.minRate)*s.patience.Seconds()), 1),
	}
	body := s.reader(steady)
	defer func() {
		body.Reset(nil) // keeps nothing of the request alive
		s.readers.Put(body)
		in.visit.hold(in.visit.memory - readBuffer)
	}()
	form, err := rdio.ReadForm(body, boundary, func(before *rdio.Form, audio io.Reader) (int64, error) {
		if before.Key != "" {
			if err := s.checkKey(w, r, before, in); err != nil {
				return 0, err
			}
		}
		steady.isAudio = true
		defer func() { steady.isAudio = false }()
		n, err := in.receive(audio)
		if errors.As(err, new(*refusal)) {
			in.refused = err
		}
		return n, err
	})
	switch {
	case steady.refused != nil:
		return nil, steady.refused
	case in.refused != nil: // where it came up says nothing
		return nil, in.refused
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errReading, err)
	}
	steady.isAudio = true // what comes behind the form is not kept
	if err := readOn(r, body); err != nil {
		return nil, fmt.Errorf("%w: behind its form: %w", errReading, err)
	}
	return form, nil
}

// readOn reads what comes behind a form, which means nothing. But if that ends before the length that was announced, or the last chunk, the
// upload was cut off, and what was read of it may have looked like its end by chance.
func readOn(r *http.Request, body *bufio.Reader) error {
	if counted, ok := r.Body.(*countedBody); ok && counted.read == r.ContentLength {
		return nil // all has come; asking for more would take a worker
	}
	for {
		body.Discard(body.Buffered()) // never fails
		if _, err := body.Peek(1); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// isCompressed tells whether a body is sent in some coding.
func isCompressed(h http.Header) bool {
	for _, list := range h["Content-Encoding"] {
		for coding := range strings.SplitSeq(list, ",") {
			if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
				return true
			}
		}
	}
	return false
}

// refuseUpload answers with an error and sees to it that the client gets to read it. One with little left to send is read to
// its end and keeps its connection. Others are answered at once, since some stop sending then, and read on for the sake of
// those that do not. A client that still waits for leave to send ("Expect: 100-continue") has sent nothing.
func (s *Server) refuseUpload(w http.ResponseWriter, r *http.Request, body *countedBody, err error) {
	s.stats.count(s.refusalFor(err))
	rc := http.NewResponseController(w)
	if s.refusalFor(err) == errTooSlow {
		// It has had its time. The deadline, which is over, stays.
		w.Header().Set("Connection", "close")
		s.failUpload(w, r, body.key, err)
		return
	}
	// An error here means that there is no connection; then reading fails as well.
	rc.SetReadDeadline(time.Now().Add(drainTimeout))
	if r.Header.Get("Expect") != "" && body.read == 0 {
		s.failUpload(w, r, body.key, err)
		return
	}
	if r.ContentLength-body.read <= drainFirst { // or of unknown length
		if _, end := io.CopyN(io.Discard, body, drainFirst+1); end == io.EOF {
			s.failUpload(w, r, body.key, err)
			return
		}
	}
	w.Header().Set("Connection", "close")
	s.failUpload(w, r, body.key, err)
	rc.Flush() // fails where there is no connection, as above
	io.CopyN(io.Discard, body, drainBytes)
}

// countedBody counts what is read of a request's body.
type countedBody struct {
	io.ReadCloser
	read int64
	key  string // the label of the key that came in it
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	return n, err
}

// reader gives a body a large buffer out of the pool, to which it must be returned.
func (s *Server) reader(body io.Reader) *bufio.Reader {
	if br, ok := s.readers.Get().(*bufio.Reader); ok {
		br.Reset(body)
		return br
	}
	return bufio.NewReaderSize(body, readBuffer)
}
