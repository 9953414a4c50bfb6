package intake

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/admission"
	"rdiostress/internal/server/apikey"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/clientaddr"
)

var (
	// ErrCompressed means that the body is compressed, which no client does.
	ErrCompressed = errors.New("compressed uploads are not accepted")
	// ErrReading marks errors of reading an upload, which are caused by the client or the network.
	ErrReading = errors.New("reading the upload")
)

// upload is an upload that is being received.
type upload struct {
	in     *Intake
	w      http.ResponseWriter
	r      *http.Request
	body   *Body
	ticket *admission.Ticket
	audio  audio

	key     *apikey.Key // key of the upload; nil until a valid one was received
	refused error       // why the key is refused
}

// readCall returns the call of an upload, ready to be stored, or nil for a connection test. The order of its checks
// decides which error a client sees: first the form, then the key; only clients with a valid key learn whether it is a
// test and what is wrong with it.
func (u *upload) readCall() (*call.Upload, error) {
	form, err := u.readForm()
	if err != nil {
		return nil, err
	}
	if err := u.checkKey(form); err != nil {
		return nil, err
	}
	if form.IsTest {
		return nil, nil
	}
	if u.r.URL.Path == rdio.TrunkRecorderPath {
		if err := form.ReadMeta(); err != nil {
			return nil, err
		}
	}
	now := u.in.o.Now()
	c, dropped, err := form.Call(now)
	if err != nil {
		return nil, err
	}
	if !u.key.Allows(c.System, c.Talkgroup) {
		return nil, refusedKey(apikey.FaultScope, u.key.Label, form)
	}
	if len(dropped) > 0 {
		u.in.o.Counters.Drop(len(dropped))
		u.logFields(&c, "optional fields cannot be read and are dropped", dropped)
	}
	if cut := form.Cut(); len(cut) > 0 {
		u.in.o.Counters.Cut(len(cut))
		u.logFields(&c, "optional fields are too long and are cut", cut)
	}
	u.ticket.Release() // syncing a large file takes a while
	if err := u.audio.syncFile(); err != nil {
		return nil, err
	}
	stored := &call.Upload{Call: c, Received: now}
	u.audio.handOver(stored)
	return stored, nil
}

func (u *upload) logFields(c *rdio.Call, text string, fields []string) {
	u.in.o.Log.LogAttrs(context.Background(), slog.LevelDebug, text,
		slog.Int64("system", c.System), slog.Int64("talkgroup", c.Talkgroup), slog.Any("fields", fields))
}

// readForm reads the form and its audio. Audio that comes after a wrong key is not read.
func (u *upload) readForm() (*rdio.Form, error) {
	if isCompressed(u.r.Header) {
		u.w.Header().Set("Accept-Encoding", "identity")
		return nil, ErrCompressed
	}
	boundary, err := rdio.Boundary(u.r.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	o := &u.in.o
	if u.r.ContentLength > o.MaxBytes {
		return nil, &http.MaxBytesError{Limit: o.MaxBytes}
	}
	rc := http.NewResponseController(u.w)
	network := admission.NewMinRateReader(
		http.MaxBytesReader(u.w, u.body, o.MaxBytes), rc.SetReadDeadline, u.ticket, o.MinRate, o.Patience)
	buffered := u.in.reader(network)
	defer func() {
		buffered.Reset(nil) // drops all references to the request
		u.in.readers.Put(buffered)
		u.ticket.Reserve(u.ticket.Reserved() - admission.ReadBuffer)
	}()
	form, err := rdio.ReadForm(buffered, boundary, func(before *rdio.Form, audio io.Reader) (int64, error) {
		if before.Key != "" {
			if err := u.checkKey(before); err != nil {
				return 0, err
			}
		}
		network.SetAudio(true)
		defer network.SetAudio(false)
		return u.audio.readAll(audio)
	})
	// Return a refusal without the place where it occurred.
	for _, refused := range []error{network.Refused(), u.refused, u.audio.refused} {
		if refused != nil {
			return nil, refused
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReading, err)
	}
	network.SetAudio(true) // bytes after the form are not kept
	if err := u.readRest(buffered); err != nil {
		return nil, fmt.Errorf("%w: behind its form: %w", ErrReading, err)
	}
	return form, nil
}

// readRest reads the bytes after a form, which are ignored. But if they end before the announced length, or without the
// last chunk, the upload was cut off, and the apparent end of its form was not the end.
func (u *upload) readRest(buffered *bufio.Reader) error {
	if u.body.Count == u.r.ContentLength {
		return nil // everything was read; asking for more would take a worker
	}
	for {
		buffered.Discard(buffered.Buffered()) // never fails
		if _, err := buffered.Peek(1); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// checkKey accepts an upload once if its key is valid and has uploads left.
func (u *upload) checkKey(form *rdio.Form) error {
	if u.key != nil {
		return nil
	}
	key := u.in.o.Keys.Find(form.Key)
	if key == nil {
		u.refused = refusedKey(apikey.FaultUnknown, "", form)
		return u.refused
	}
	u.body.Key = key.Label
	o := &u.in.o
	if len(key.From) > 0 || !key.Expires.IsZero() {
		if fault := key.FaultFor(clientaddr.Of(u.r, o.Proxies), o.Now()); fault != apikey.FaultNone {
			u.refused = refusedKey(fault, key.Label, form)
			return u.refused
		}
	}
	if u.refused = u.in.limit(u.r.Context(), u.w.Header(), &o.PerKey, key.Label); u.refused != nil {
		return u.refused
	}
	u.key = key
	u.audio.trust()
	return nil
}

// refusedKey returns the error for a refused key, with the call's fields that were read so far.
func refusedKey(fault apikey.Fault, label string, form *rdio.Form) error {
	return &apikey.RefusedError{
		Fault: fault, Label: label, System: form.Number("system"), Talkgroup: form.Number("talkgroup"),
	}
}

// isCompressed reports whether a body has a content coding.
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
