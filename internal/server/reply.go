package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/disk"
)

// refusal is an error whose text is meant for the client.
type refusal struct {
	status int
	text   string
	retryS int // seconds after which to try again; 0 is not at all
}

func (e *refusal) Error() string { return e.text }

// The refusals that say the same to everybody.
var (
	errNoPage      = &refusal{status: http.StatusNotFound, text: "Not found"}
	errNoCall      = &refusal{status: http.StatusNotFound, text: "No such call"}
	errBadMethod   = &refusal{status: http.StatusMethodNotAllowed, text: "Unsupported method"}
	errNoReadKey   = &refusal{status: http.StatusUnauthorized, text: "A key is needed to read calls"}
	errNotForm     = &refusal{status: http.StatusBadRequest, text: "Not a multipart content"}
	errCompressed  = &refusal{status: http.StatusUnsupportedMediaType, text: "Compressed uploads are not taken: send the form as it is"}
	errTooSlow     = &refusal{status: http.StatusRequestTimeout, text: "Upload too slow"}
	errCutOff      = &refusal{status: http.StatusBadRequest, text: "The upload could not be read to its end"}
	errBusy        = &refusal{status: http.StatusServiceUnavailable, text: "Server busy, please try again", retryS: 1}
	errNoMemory    = &refusal{status: http.StatusServiceUnavailable, text: "Server busy: no memory for more uploads", retryS: 1}
	errNoFiles     = &refusal{status: http.StatusServiceUnavailable, text: "Server busy: too many files are open", retryS: 1}
	errNoSpool     = &refusal{status: http.StatusServiceUnavailable, text: "Uploads cannot be stored now, please try again", retryS: 5}
	errManyReaders = &refusal{status: http.StatusServiceUnavailable, text: "Server busy: too many clients read calls", retryS: 5}
	errOldCursor   = &refusal{
		status: http.StatusGone, text: "The cursor is of another database, or of a newer copy of this one: begin again with cursor=start",
	}
	errStopping = &refusal{status: http.StatusServiceUnavailable, text: "Server is stopping", retryS: 5}
	errNoSpace  = &refusal{status: http.StatusInsufficientStorage, text: "Insufficient storage: the disk is full", retryS: 60}
	errOurFault = &refusal{status: http.StatusInternalServerError, text: "Internal server error"}
)

// refusalFor is the one place where errors become replies. What it does not know is this server's fault, and its text stays
// here.
func (s *Server) refusalFor(err error) *refusal {
	var known *refusal
	var missing *rdio.MissingError
	var field *rdio.FieldError
	var tooBig *http.MaxBytesError
	var ours *spoolError
	var timeout interface{ Timeout() bool }
	var down *call.UnavailableError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &down):
		return unavailable(down)
	case errors.As(err, &missing):
		return &refusal{status: http.StatusExpectationFailed, text: missing.Error()}
	case errors.As(err, &field):
		return &refusal{status: http.StatusBadRequest, text: field.Error()}
	case errors.As(err, &tooBig):
		return s.tooLarge()
	case errors.Is(err, rdio.ErrNotForm):
		return errNotForm
	case errors.Is(err, rdio.ErrTooLarge):
		return &refusal{status: http.StatusRequestEntityTooLarge, text: sentence(err)}
	case errors.Is(err, rdio.ErrEncoded):
		return &refusal{status: http.StatusUnsupportedMediaType, text: sentence(err)}
	case errors.Is(err, rdio.ErrMalformed):
		return &refusal{status: http.StatusBadRequest, text: sentence(err)}
	case errors.Is(err, call.ErrFull):
		return errBusy
	case errors.Is(err, call.ErrClosed):
		return errStopping
	case errors.Is(err, call.ErrNoSpace), disk.IsFull(err):
		return errNoSpace
	case errors.Is(err, call.ErrNotFound):
		return errNoCall
	case errors.Is(err, call.ErrBadCursor):
		return &refusal{status: http.StatusBadRequest, text: "Bad parameter: cursor is none of start, now and a next_cursor of this server"}
	case errors.Is(err, call.ErrOldCursor):
		return errOldCursor
	case errors.Is(err, context.Canceled):
		return errCutOff
	case errors.As(err, &ours):
		return errNoSpool
	case !errors.Is(err, errReading):
		return errOurFault
	case errors.As(err, &timeout) && timeout.Timeout():
		return errTooSlow
	default:
		return errCutOff
	}
}

// unavailable tells when to try again, in whole seconds as the header has it.
func unavailable(err *call.UnavailableError) *refusal {
	return &refusal{
		status: http.StatusServiceUnavailable, text: "The database is unavailable, please try again",
		retryS: int((err.RetryAfter + time.Second - 1) / time.Second),
	}
}

// errReading marks the errors of reading an upload, which are the client's or the network's.
var errReading = errors.New("reading the upload")

// sentence makes an error's text one for people.
func sentence(err error) string {
	text := cause(err)
	return strings.ToUpper(text[:1]) + text[1:]
}

// cause is an error's text without where it came up.
func cause(err error) string { return strings.TrimPrefix(err.Error(), errReading.Error()+": ") }

func (s *Server) tooLarge() *refusal {
	return &refusal{
		status: http.StatusRequestEntityTooLarge,
		text:   fmt.Sprintf("Upload too large: at most %d bytes", s.maxBytes),
	}
}

// fail answers a request that is no upload with the refusal for err, and logs that.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	re := s.refusalFor(err)
	kind := refusalKind{why: "request", detail: strconv.Itoa(re.status), level: slog.LevelInfo}
	switch {
	case r.Context().Err() != nil || re.status == http.StatusNotFound || isTold(err):
		kind.level = slog.LevelDebug // nobody listens any more, or it says nothing about the server
	case re.status == http.StatusUnauthorized, re.status == http.StatusServiceUnavailable:
		kind.level = slog.LevelWarn
	case re.status >= http.StatusInternalServerError:
		kind.level = slog.LevelError
	}
	s.logRefusal(r, kind, "", re, err)
	s.refuse(w, r, re)
}

// failUpload does the same for an upload, with the label of the key that it came with.
func (s *Server) failUpload(w http.ResponseWriter, r *http.Request, key string, err error) {
	re := s.refusalFor(err)
	s.logRefusal(r, kindOf(r, re, err), key, re, err)
	s.refuse(w, r, re)
}

// kindOf is what kind of refusal of an upload an error is, and how loudly it is logged.
func kindOf(r *http.Request, re *refusal, err error) refusalKind {
	why := reasonOf(re)
	kind := refusalKind{why: why.String(), level: slog.LevelInfo}
	var missing *rdio.MissingError
	var field *rdio.FieldError
	var fault *keyFault
	switch {
	case errors.As(err, &fault):
		kind.detail = fault.what
	case errors.As(err, &missing):
		kind.detail = missing.What
	case errors.As(err, &field):
		kind.detail = field.Field
	}
	switch why {
	case reasonKey, reasonQueue, reasonMemory, reasonFiles:
		kind.level = slog.LevelWarn
	case reasonDatabase, reasonDisk, reasonInternal:
		kind.level = slog.LevelError
	}
	if r.Context().Err() != nil || isTold(err) {
		kind.level = slog.LevelDebug // nobody listens any more, or the log has it
	}
	return kind
}

// isTold tells the errors that have been logged where they came up.
func isTold(err error) bool {
	var down *call.UnavailableError
	return errors.As(err, &down) && down.Told
}

// refuse answers with a refusal.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, re *refusal) {
	if re.retryS > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(re.retryS))
	}
	if wantsJSON(r) {
		writeJSON(w, re.status, map[string]string{"detail": re.text})
		return
	}
	writeText(w, re.status, re.text+"\n")
}

// logRefusal logs the first refusal of a kind, and what is behind it if that says more; those after it are counted.
func (s *Server) logRefusal(r *http.Request, kind refusalKind, key string, re *refusal, err error) {
	if !s.log.Enabled(r.Context(), kind.level) {
		return
	}
	client := s.client(r)
	if kind.level > slog.LevelDebug && !s.refusals.note(refusedClient{kind, household(client), key}) {
		return
	}
	attrs := []slog.Attr{slog.Int("status", re.status), slog.String("reason", re.text)}
	if !strings.EqualFold(cause(err), re.text) {
		attrs = append(attrs, slog.String("error", strings.TrimSuffix(err.Error(), ": "+re.text))) // the rest has been said
	}
	attrs = append(attrs, slog.String("path", r.URL.Path), slog.String("client", client.String()))
	if key != "" {
		attrs = append(attrs, slog.String("key", key))
	}
	s.log.LogAttrs(r.Context(), kind.level, "request refused", attrs...)
}

// tellOnce logs something that may come up as fast as requests do: the first time, and how often since.
func (s *Server) tellOnce(why, text string, attrs ...slog.Attr) {
	if s.refusals.note(refusedClient{kind: refusalKind{why: why, level: slog.LevelError}}) {
		s.log.LogAttrs(context.Background(), slog.LevelError, text, attrs...)
	}
}

// wantsJSON tells whether the client asks for JSON by name; "*/*" is content with text.
func wantsJSON(r *http.Request) bool {
	return slices.ContainsFunc(r.Header["Accept"], func(accept string) bool {
		return strings.Contains(strings.ToLower(accept), "application/json")
	})
}

func writeText(w http.ResponseWriter, status int, text string) {
	write(w, status, "text/plain; charset=utf-8", []byte(text))
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	status, body := encodeJSON(status, v)
	write(w, status, "application/json", body)
}

// encodeJSON makes a reply's body, and the status for it.
func encodeJSON(status int, v any) (int, []byte) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)              // no reply is a page, and people read them
	if err := enc.Encode(v); err != nil { // cannot happen: everything that is given here can be marshalled
		status, body = http.StatusInternalServerError, *bytes.NewBufferString(`{"detail":"Internal server error"}` + "\n")
	}
	return status, body.Bytes()
}

// write sends a whole reply. It says how long that is, so that a client need not wait for the handler to see its end.
func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header()["Content-Type"] = []string{contentType}
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	sw := steadyWriter{ResponseWriter: w}
	sw.WriteHeader(status)
	sw.Write(body) // an error means that nobody listens
}

// allow passes requests with one of the methods on, and refuses others.
func (s *Server) allow(next http.HandlerFunc, methods ...string) http.HandlerFunc {
	list := strings.Join(methods, ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(methods, r.Method) {
			w.Header().Set("Allow", list)
			s.fail(w, r, errBadMethod)
			return
		}
		next(w, r)
	}
}

// recoverPanic answers 500 for a handler that panicked, and logs where.
func (s *Server) recoverPanic(w http.ResponseWriter, r *http.Request) {
	p := recover()
	switch p {
	case nil:
		return
	case http.ErrAbortHandler: // a handler's way to cut the connection
		panic(p)
	}
	s.tellOnce("panic", "a request handler panicked",
		slog.Any("panic", p), slog.String("path", r.URL.Path), slog.String("stack", string(debug.Stack())))
	s.fail(w, r, errOurFault)
}
