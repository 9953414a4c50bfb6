package transcribe_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"rdiostress/internal/server/transcribe"
)

// A worker finds what an engine said about another attempt however deep it lies, and the cause below it.
func TestErrorsOfEngines(t *testing.T) {
	cause := errors.New("503 Service Unavailable")
	var permanent *transcribe.PermanentError
	if err := fmt.Errorf("call 7: %w", &transcribe.PermanentError{Err: cause}); !errors.As(err, &permanent) ||
		!errors.Is(err, cause) || err.Error() != "call 7: 503 Service Unavailable" {
		t.Errorf("a permanent error is lost: %v", err)
	}
	var retry *transcribe.RetryError
	err := fmt.Errorf("call 7: %w", &transcribe.RetryError{After: 2 * time.Second, Err: cause})
	if !errors.As(err, &retry) || retry.After != 2*time.Second || !errors.Is(err, cause) ||
		err.Error() != "call 7: 503 Service Unavailable (try again in 2s)" {
		t.Errorf("an error with a time is lost: %v", err)
	}
}
