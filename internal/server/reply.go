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
	"rdiostress/internal/server/admission"
	"rdiostress/internal/server/apikey"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/clientaddr"
	"rdiostress/internal/server/disk"
	"rdiostress/internal/server/intake"
	"rdiostress/internal/server/ratelimit"
	"rdiostress/internal/server/refusallog"
	"rdiostress/internal/server/telemetry"
)

// refusal is an error with a text for the client.
type refusal struct {
	status int
	text   string
	retryS int             // seconds until the client may try again; 0 means never
	cause  telemetry.Cause // for a refused upload
}

func (e *refusal) Error() string { return e.text }

// Refusals with the same text for everybody.
var (
	errNoPage      = &refusal{status: http.StatusNotFound, text: "Not found"}
	errNoCall      = &refusal{status: http.StatusNotFound, text: "No such call"}
	errBadMethod   = &refusal{status: http.StatusMethodNotAllowed, text: "Unsupported method"}
	errNoReadKey   = &refusal{status: http.StatusUnauthorized, text: "A key is needed to read calls"}
	errManyReaders = unavailable("Server busy: too many clients read calls", 5, telemetry.CauseQueue)
	errOldCursor   = &refusal{
		status: http.StatusGone,
		text:   "The cursor belongs to another database, or to a newer copy of this one: begin again with cursor=start",
	}

	errNotForm    = &refusal{status: http.StatusBadRequest, text: "Not a multipart content"}
	errCompressed = &refusal{
		status: http.StatusUnsupportedMediaType, text: "Compressed uploads are not accepted: send the form as it is",
	}
	errCutOff = &refusal{
		status: http.StatusBadRequest, text: "The upload could not be read to its end", cause: telemetry.CauseCutOff,
	}
	errTooSlow  = &refusal{status: http.StatusRequestTimeout, text: "Upload too slow", cause: telemetry.CauseSlow}
	errBusy     = unavailable("Server busy, please try again", 1, telemetry.CauseQueue)
	errNoMemory = unavailable("Server busy: no memory for more uploads", 1, telemetry.CauseMemory)
	errNoFiles  = unavailable("Server busy: too many files are open", 1, telemetry.CauseFiles)
	errNoLimits = unavailable("Rate limits cannot be looked up now, please try again", 5, telemetry.CauseLimiter)
	errNoSpool  = unavailable("Uploads cannot be stored now, please try again", 5, telemetry.CauseDatabase)
	errStopping = unavailable("Server is stopping", 5, telemetry.CauseStopping)
	errNoSpace  = &refusal{
		status: http.StatusInsufficientStorage, text: "Insufficient storage: the disk is full", retryS: 60,
		cause: telemetry.CauseDisk,
	}
	errOurFault = &refusal{
		status: http.StatusInternalServerError, text: "Internal server error", cause: telemetry.CauseInternal,
	}
)

func unavailable(text string, retryS int, cause telemetry.Cause) *refusal {
	return &refusal{status: http.StatusServiceUnavailable, text: text, retryS: retryS, cause: cause}
}

// refusalFor is the one place where errors become replies. An unknown error is a fault of this server, and its text is
// not shown to clients.
func refusalFor(err error) *refusal {
	var known *refusal
	if errors.As(err, &known) {
		return known
	}
	for _, find := range []func(error) *refusal{storeRefusal, accessRefusal, roomRefusal, formRefusal} {
		if re := find(err); re != nil {
			return re
		}
	}
	return readingRefusal(err)
}

// storeRefusal returns the refusal for an error of the store, or nil.
func storeRefusal(err error) *refusal {
	var down *call.UnavailableError
	switch {
	case errors.As(err, &down) && errors.Is(err, call.ErrAudioAway):
		return unavailable("Long audio is unavailable, please try again", seconds(down.RetryAfter),
			telemetry.CauseAudio)
	case errors.As(err, &down):
		return unavailable("The database is unavailable, please try again", seconds(down.RetryAfter),
			telemetry.CauseDatabase)
	case errors.Is(err, call.ErrFull):
		return errBusy
	case errors.Is(err, call.ErrClosed):
		return errStopping
	case errors.Is(err, call.ErrNoSpace), disk.IsFull(err):
		return errNoSpace
	case errors.Is(err, call.ErrNotFound):
		return errNoCall
	case errors.Is(err, call.ErrBadCursor):
		return &refusal{
			status: http.StatusBadRequest, text: "Bad parameter: cursor is neither start nor now nor a next_cursor " +
				"of this server",
		}
	case errors.Is(err, call.ErrOldCursor):
		return errOldCursor
	}
	return nil
}

// accessRefusal returns the refusal for an upload's key or rate, or nil.
func accessRefusal(err error) *refusal {
	var key *apikey.RefusedError
	var rate *ratelimit.ExceededError
	switch {
	case errors.As(err, &key) && key.Fault == apikey.FaultScope:
		return &refusal{status: http.StatusForbidden, text: key.Reply(), cause: telemetry.CauseScope}
	case errors.As(err, &key):
		return &refusal{status: http.StatusUnauthorized, text: key.Reply(), cause: telemetry.CauseKey}
	case errors.As(err, &rate):
		return &refusal{
			status: http.StatusTooManyRequests, text: rate.Error(), retryS: seconds(rate.RetryAfter),
			cause: telemetry.CauseRate,
		}
	case errors.As(err, new(*ratelimit.UnavailableError)):
		return errNoLimits
	}
	return nil
}

// roomRefusal returns the refusal if the server lacks room for a request, or nil.
func roomRefusal(err error) *refusal {
	switch {
	case errors.Is(err, admission.ErrBusy):
		return errBusy
	case errors.Is(err, admission.ErrNoMemory):
		return errNoMemory
	case errors.Is(err, admission.ErrNoFiles):
		return errNoFiles
	case errors.Is(err, admission.ErrTooManyReaders):
		return errManyReaders
	}
	return nil
}

// formRefusal returns the refusal for a malformed form, or nil.
func formRefusal(err error) *refusal {
	var missing *rdio.MissingError
	var field *rdio.FieldError
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &missing):
		return &refusal{status: http.StatusExpectationFailed, text: missing.Error(), cause: telemetry.CauseIncomplete}
	case errors.As(err, &field):
		return &refusal{status: http.StatusBadRequest, text: field.Error()}
	case errors.As(err, &tooBig):
		return &refusal{
			status: http.StatusRequestEntityTooLarge, text: fmt.Sprintf("Upload too large: at most %d bytes",
				tooBig.Limit),
			cause: telemetry.CauseTooLarge,
		}
	case errors.Is(err, rdio.ErrNotForm):
		return errNotForm
	case errors.Is(err, intake.ErrCompressed):
		return errCompressed
	case errors.Is(err, rdio.ErrTooLarge):
		return &refusal{status: http.StatusRequestEntityTooLarge, text: sentence(err), cause: telemetry.CauseTooLarge}
	case errors.Is(err, rdio.ErrEncoded):
		return &refusal{status: http.StatusUnsupportedMediaType, text: sentence(err)}
	case errors.Is(err, rdio.ErrMalformed):
		return &refusal{status: http.StatusBadRequest, text: sentence(err)}
	}
	return nil
}

// readingRefusal returns the refusal for an upload that could not be read or spooled.
func readingRefusal(err error) *refusal {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, context.Canceled):
		return errCutOff
	case errors.As(err, new(*intake.SpoolError)):
		return errNoSpool
	case !errors.Is(err, intake.ErrReading):
		return errOurFault
	case errors.As(err, &timeout) && timeout.Timeout():
		return errTooSlow
	default:
		return errCutOff
	}
}

// seconds rounds up to whole seconds, as header fields require.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// sentence formats an error's text as a sentence.
func sentence(err error) string {
	text := withoutPlace(err)
	return strings.ToUpper(text[:1]) + text[1:]
}

// withoutPlace returns an error's text without the place where it occurred.
func withoutPlace(err error) string {
	return strings.TrimPrefix(err.Error(), intake.ErrReading.Error()+": ")
}

// fail answers a request that is not an upload with the refusal for err, and logs it.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	re := refusalFor(err)
	kind := refusallog.Kind{Why: "request", Detail: strconv.Itoa(re.status), Level: slog.LevelInfo}
	switch {
	case r.Context().Err() != nil || re.status == http.StatusNotFound || isLogged(err):
		kind.Level = slog.LevelDebug // the client has left, or the error says nothing about the server
	case re.status == http.StatusUnauthorized, re.status == http.StatusServiceUnavailable:
		kind.Level = slog.LevelWarn
	case re.status >= http.StatusInternalServerError:
		kind.Level = slog.LevelError
	}
	s.logRefusal(r, kind, "", re, err)
	s.refuse(w, r, re)
}

// failUpload does the same for an upload, with the label of its key.
func (s *Server) failUpload(w http.ResponseWriter, r *http.Request, key string, err error) {
	re := refusalFor(err)
	s.logRefusal(r, kindOf(r, re, err), key, re, err)
	s.refuse(w, r, re)
}

// kindOf returns the kind of an upload's refusal, with its log level.
func kindOf(r *http.Request, re *refusal, err error) refusallog.Kind {
	kind := refusallog.Kind{Why: re.cause.String(), Level: slog.LevelInfo}
	var missing *rdio.MissingError
	var field *rdio.FieldError
	var key *apikey.RefusedError
	switch {
	case errors.As(err, &key) && key.Label != "" && key.Fault != apikey.FaultScope:
		kind.Detail = key.Fault.String()
	case errors.As(err, &missing):
		kind.Detail = missing.What
	case errors.As(err, &field):
		kind.Detail = field.Field
	}
	switch re.cause {
	case telemetry.CauseKey, telemetry.CauseLimiter, telemetry.CauseQueue, telemetry.CauseMemory, telemetry.CauseFiles:
		kind.Level = slog.LevelWarn
	case telemetry.CauseDatabase, telemetry.CauseAudio, telemetry.CauseDisk, telemetry.CauseInternal:
		kind.Level = slog.LevelError
	}
	if r.Context().Err() != nil || isLogged(err) {
		kind.Level = slog.LevelDebug // the client has left, or the error is already logged
	}
	return kind
}

// isLogged reports whether an error was logged where it occurred.
func isLogged(err error) bool {
	var down *call.UnavailableError
	return errors.As(err, &down) && down.Logged
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

// logRefusal logs the first refusal of a kind, with its cause if that adds something; others are counted.
func (s *Server) logRefusal(r *http.Request, kind refusallog.Kind, key string, re *refusal, err error) {
	if !s.log.Enabled(r.Context(), kind.Level) {
		return
	}
	client := clientaddr.Of(r, s.proxies)
	if kind.Level > slog.LevelDebug &&
		!s.refusals.Count(refusallog.Client{Kind: kind, Address: clientaddr.Prefix(client), Key: key}) {
		return
	}
	attrs := []slog.Attr{slog.Int("status", re.status), slog.String("reason", re.text)}
	if !saysAll(re, err) {
		// the log line already has the rest
		attrs = append(attrs, slog.String("error", strings.TrimSuffix(err.Error(), ": "+re.text)))
	}
	attrs = append(attrs, slog.String("path", r.URL.Path), slog.String("client", client.String()))
	if key != "" {
		attrs = append(attrs, slog.String("key", key))
	}
	s.log.LogAttrs(r.Context(), kind.Level, "request refused", attrs...)
}

// saysAll reports whether a refusal's text says everything that its error says.
func saysAll(re *refusal, err error) bool {
	if errors.As(err, new(*http.MaxBytesError)) || strings.EqualFold(withoutPlace(err), re.text) {
		return true
	}
	return slices.ContainsFunc([]error{
		admission.ErrBusy, admission.ErrNoMemory, admission.ErrNoFiles, admission.ErrTooManyReaders,
		intake.ErrCompressed,
	}, func(known error) bool { return errors.Is(err, known) })
}

// wantsJSON reports whether the client asks for JSON by name; "*/*" gets text.
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

// encodeJSON returns a reply's body and its status.
func encodeJSON(status int, v any) (int, []byte) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)              // no reply is an HTML page, and people read replies
	if err := enc.Encode(v); err != nil { // cannot happen: every value here can be marshalled
		status, body = http.StatusInternalServerError, *bytes.NewBufferString(`{"detail":"Internal server error"}` +
			"\n")
	}
	return status, body.Bytes()
}

// write sends a complete reply with its length, so that a client need not wait for the handler to return.
func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header()["Content-Type"] = []string{contentType}
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	sw := admission.DeadlineWriter{ResponseWriter: w}
	sw.WriteHeader(status)
	sw.Write(body) // an error means that the client has left
}

// allowMethods passes on requests with one of the methods and refuses others.
func (s *Server) allowMethods(next http.HandlerFunc, methods ...string) http.HandlerFunc {
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

// recoverPanic answers 500 if a handler panicked, and logs where.
func (s *Server) recoverPanic(w http.ResponseWriter, r *http.Request) {
	p := recover()
	switch p {
	case nil:
		return
	case http.ErrAbortHandler: // a handler's way to close the connection
		panic(p)
	}
	s.refusals.Once("panic", "a request handler panicked",
		slog.Any("panic", p), slog.String("path", r.URL.Path), slog.String("stack", string(debug.Stack())))
	s.fail(w, r, errOurFault)
}
