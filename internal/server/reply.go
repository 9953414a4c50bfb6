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
	var down *UnavailableError
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
	case errors.Is(err, rdio.ErrMalformed):
		return &refusal{status: http.StatusBadRequest, text: sentence(err)}
	case errors.Is(err, ErrFull):
		return errBusy
	case errors.Is(err, ErrClosed):
		return errStopping
	case errors.Is(err, ErrNoSpace), disk.IsFull(err):
		return errNoSpace
	case errors.Is(err, ErrNotFound):
		return errNoCall
	case errors.Is(err, ErrBadCursor):
		return &refusal{status: http.StatusBadRequest, text: "Bad parameter: cursor is none of start, now and a next_cursor of this server"}
	case errors.Is(err, ErrOldCursor):
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
func unavailable(err *UnavailableError) *refusal {
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

// fail answers with the refusal for err and logs it as loudly as it deserves.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	re := s.refusalFor(err)
	level := slog.LevelInfo
	switch {
	case re == errNoSpool:
		level = slog.LevelError
	case r.Context().Err() != nil || re.status == http.StatusServiceUnavailable || re.status == http.StatusNotFound:
		level = slog.LevelDebug // nobody listens any more; or there are as many as there is load
	case re.status == http.StatusUnauthorized:
		level = slog.LevelWarn
	case re.status == http.StatusInternalServerError || re.status == http.StatusInsufficientStorage:
		level = slog.LevelError
	}
	s.logRefusal(r, level, re, err)
	if re.retryS > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(re.retryS))
	}
	if wantsJSON(r) {
		writeJSON(w, re.status, map[string]string{"detail": re.text})
		return
	}
	writeText(w, re.status, re.text+"\n")
}

// logRefusal logs a refusal, and what is behind it if that says more. Errors come as fast as uploads do; one a second is logged.
func (s *Server) logRefusal(r *http.Request, level slog.Level, re *refusal, err error) {
	attrs := []slog.Attr{slog.Int("status", re.status), slog.String("reason", re.text)}
	if !strings.EqualFold(cause(err), re.text) {
		attrs = append(attrs, slog.String("error", strings.TrimSuffix(err.Error(), ": "+re.text))) // the rest has been said
	}
	attrs = append(attrs, slog.String("path", r.URL.Path), slog.String("client", s.client(r).String()))
	if level == slog.LevelError {
		unsaid, ok := s.storing.mayTell(s.now())
		if !ok {
			return
		}
		if unsaid > 0 {
			attrs = append(attrs, slog.Int("more_like_it", unsaid))
		}
	}
	s.log.LogAttrs(r.Context(), level, "request refused", attrs...)
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
	s.log.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelError, "a request handler panicked",
		slog.Any("panic", p), slog.String("path", r.URL.Path), slog.String("stack", string(debug.Stack())))
	s.fail(w, r, errOurFault)
}
