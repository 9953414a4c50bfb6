package stt

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// problem is an answer other than a text, in the form of OpenAI's.
type problem struct {
	status     int
	text, kind string
	field      string // of the form; empty: none
	code       string // empty: none
	wait       bool   // the client is to try again in a second
	count      func(*Stats)
}

// Error implements error.
func (p *problem) Error() string { return p.text }

const invalidRequest = "invalid_request_error"

// wrong answers a request that is wrong.
func wrong(field, format string, args ...any) *problem {
	text := fmt.Sprintf(format, args...)
	return &problem{
		status: http.StatusBadRequest, text: text, kind: invalidRequest, field: field,
		count: func(s *Stats) { s.Wrong++; s.LastWrong = text },
	}
}

func wrongKey() *problem {
	p := wrong("", "the API key is wrong")
	p.status, p.code = http.StatusUnauthorized, "invalid_api_key"
	return p
}

func tooLarge() *problem {
	p := wrong("file", "the audio has more than %d bytes", maxAudio)
	p.status = http.StatusRequestEntityTooLarge
	return p
}

func limited() *problem {
	return &problem{
		status: http.StatusTooManyRequests, text: "too many requests, as asked for", kind: "requests",
		code: "rate_limit_exceeded", wait: true, count: func(s *Stats) { s.Limited++ },
	}
}

func full() *problem {
	return &problem{
		status: http.StatusServiceUnavailable, text: "too many requests wait", kind: "server_error", wait: true,
		count: func(s *Stats) { s.Full++ },
	}
}

func failed() *problem {
	return &problem{
		status: http.StatusInternalServerError, text: "a failure, as asked for", kind: "server_error",
		count: func(s *Stats) { s.Failed++ },
	}
}

// write writes the answer.
func (p *problem) write(w http.ResponseWriter) error {
	if p.wait {
		w.Header().Set("Retry-After", "1")
	}
	return writeJSON(w, p.status, map[string]any{"error": map[string]any{
		"message": p.text, "type": p.kind, "param": orNull(p.field), "code": orNull(p.code),
	}})
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(v)
}
