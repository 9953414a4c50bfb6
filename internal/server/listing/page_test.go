package listing

import (
	"errors"
	"testing"

	"rdiostress/internal/server/call"
)

func TestReadPage(t *testing.T) {
	broken := errors.New("broken")
	size := (&call.Record{}).Bytes()
	for name, tt := range map[string]struct {
		maxBytes int64
		scanErr  error
		want     int
	}{
		"no bound":              {0, nil, 5},
		"a bound within a call": {2*size + 1, nil, 3},
		"a bound behind a call": {2 * size, nil, 2},
		"a call that is broken": {0, broken, 0},
	} {
		t.Run(name, func(t *testing.T) {
			left := 5
			next := func() bool { left--; return left >= 0 }
			page, err := ReadPage(next, func() (call.Record, error) { return call.Record{}, tt.scanErr }, tt.maxBytes)
			if len(page) != tt.want || !errors.Is(err, tt.scanErr) {
				t.Errorf("%d calls, %v; want %d, %v", len(page), err, tt.want, tt.scanErr)
			}
		})
	}
}
