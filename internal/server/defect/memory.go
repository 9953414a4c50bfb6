package defect

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"rdiostress/internal/server/call"
)

// memoryKinds returns the defects of memory and temporary files.
func memoryKinds() map[string]kind {
	return map[string]kind{
		"memory-leak": {
			"keeps some memory for each call forever",
			[]arg{{"bytes", bytes(256_000)}},
			func(v values) Defect {
				return Defect{store: func(s call.Store) call.Store {
					return &leaking{
						Store: s,
						size:  v.bytes("bytes"),
					}
				}}
			},
		},
		"buffered-uploads": {
			"reads each whole upload into memory and copies it before it parses it",
			nil,
			func(values) Defect { return Defect{handler: buffered} },
		},
		"temporary-files": {
			"writes each upload to a temporary file and does not remove it before it stops",
			nil,
			func(v values) Defect {
				dir := filepath.Join(v.dir, "tmp")
				return Defect{
					handler: func(h http.Handler) http.Handler { return littered(h, dir) },
					stop:    func() { _ = os.RemoveAll(dir) }, // if this fails, the rest must be removed by hand
				}
			},
		},
	}
}

// leaking is a store that keeps memory for each call.
type leaking struct {
	call.Store
	size int
	mu   sync.Mutex
	kept [][]byte
}

func (l *leaking) Put(ctx context.Context, u *call.Upload) (int64, error) {
	b := make([]byte, l.size)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1 // memory that is never written does not count
	}
	l.mu.Lock()
	l.kept = append(l.kept, b)
	l.mu.Unlock()
	return l.Store.Put(ctx, u)
}

// buffered reads whole bodies into memory, as frameworks do that pass a request as one object.
func buffered(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		whole, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "the upload ended early", http.StatusBadRequest)
			return
		}
		again := append([]byte(nil), whole...) // a second copy, for the form's parts
		r.Body = io.NopCloser(&slowlyRead{data: again})
		h.ServeHTTP(w, r)
		_ = whole[len(whole)/2:] // keep both until the end
	})
}

// slowlyRead reads memory in small pieces.
type slowlyRead struct{ data []byte }

func (s *slowlyRead) Read(p []byte) (int, error) {
	if len(s.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.data)
	s.data = s.data[n:]
	return n, nil
}

// littered leaves a file for each upload in dir.
func littered(h http.Handler, dir string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && os.MkdirAll(dir, 0o750) == nil {
			if f, err := os.Create(filepath.Join(dir, rand.Text()+".tmp")); err == nil {
				defer f.Close()
				r.Body = struct {
					io.Reader
					io.Closer
				}{io.TeeReader(r.Body, f), r.Body}
			}
		}
		h.ServeHTTP(w, r)
	})
}
