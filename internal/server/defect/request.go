package defect

import (
	"io"
	"net/http"
	"sync"
	"time"

	"rdiostress/internal/clock"
)

// requestKinds returns the defects of the request path.
func requestKinds() map[string]kind {
	return map[string]kind{
		"blocking-work": {
			"waits for slow work, such as a transcription service, before it answers an upload",
			[]arg{{"work", 1200 * time.Millisecond}},
			func(v values) Defect {
				return Defect{handler: uploads(func(h http.Handler, w http.ResponseWriter, r *http.Request) {
					_ = clock.Sleep(r.Context(), v.duration("work"))
					h.ServeHTTP(w, r)
				})}
			},
		},
		"stalls": {
			"stops for some time at regular intervals, as a cleanup in one big transaction does",
			[]arg{{"for", 1500 * time.Millisecond}, {"every", 6 * time.Second}},
			func(v values) Defect {
				s := &stalling{length: v.duration("for"), every: v.duration("every"), start: time.Now()}
				return Defect{handler: uploads(s.serve)}
			},
		},
		"slow-clients": {
			"reads uploads with few workers, and a slow client may hold one for any time",
			[]arg{{"workers", 8}},
			func(v values) Defect {
				workers := make(chan struct{}, v.number("workers"))
				return Defect{handler: uploads(func(h http.Handler, w http.ResponseWriter, r *http.Request) {
					select {
					case workers <- struct{}{}:
						defer func() { <-workers }()
						body, err := io.ReadAll(r.Body)
						if err != nil {
							http.Error(w, "the upload ended early", http.StatusBadRequest)
							return
						}
						r.Body = io.NopCloser(&slowlyRead{data: body})
						h.ServeHTTP(w, r)
					case <-r.Context().Done():
					}
				})}
			},
		},
		"unreliable": {
			"answers 500 to some uploads, as a server with a bug does",
			[]arg{{"percent", 30}},
			func(v values) Defect {
				return Defect{handler: uploads((&failing{percent: v.number("percent")}).serve)}
			},
		},
	}
}

// uploads returns a wrapper that applies to uploads only.
func uploads(serve func(http.Handler, http.ResponseWriter, *http.Request)) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				serve(h, w, r)
				return
			}
			h.ServeHTTP(w, r)
		})
	}
}

// failing answers an evenly spread share of the uploads with an error.
type failing struct {
	percent int
	mu      sync.Mutex
	count   int // increases by percent with each upload, and decreases by 100 with each failure
}

func (f *failing) serve(h http.Handler, w http.ResponseWriter, r *http.Request) {
	if f.fails() {
		io.Copy(io.Discard, r.Body) // the client sees the reply either way
		http.Error(w, "Internal server error", http.StatusInternalServerError)
		return
	}
	h.ServeHTTP(w, r)
}

func (f *failing) fails() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count += f.percent
	if f.count < 100 {
		return false
	}
	f.count -= 100
	return true
}

// stalling blocks everything during the last part of each period.
type stalling struct {
	length, every time.Duration
	start         time.Time
}

func (s *stalling) serve(h http.Handler, w http.ResponseWriter, r *http.Request) {
	if in := time.Since(s.start) % s.every; in > s.every-s.length {
		_ = clock.Sleep(r.Context(), s.every-in)
	}
	h.ServeHTTP(w, r)
}
