package stdio

import (
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// Whoever does not read stops nobody, and finds what there was room for.
func TestLossy(t *testing.T) {
	r, w := pipe(t)
	l := NewLossy(w)
	began := time.Now()
	line := strings.Repeat("x", 99) + "\n"
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for range 10000 {
				if n, err := l.Write([]byte(line)); n != len(line) || err != nil {
					t.Error(n, err)
				}
			}
		})
	}
	writers.Wait()
	l.Flush(100 * time.Millisecond)
	for range 1000 {
		l.Flush(time.Minute) // not again
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	all := make(chan string)
	go func() { text, _ := io.ReadAll(r); all <- string(text) }()
	for l.Flush(time.Minute); ; time.Sleep(time.Millisecond) {
		l.mu.Lock()
		idle := !l.writing
		l.mu.Unlock()
		if idle {
			break
		}
	}
	if _, err := l.Write([]byte("end\n")); err != nil {
		t.Error(err)
	}
	l.Flush(time.Minute)
	w.Close()
	text := <-all
	if n := strings.Count(text, line); n < 10000 || n == 40000 {
		t.Errorf("%d lines", n)
	}
	if !strings.HasSuffix(text, "is lost\nend\n") {
		t.Errorf("%q", text[len(text)-200:])
	}
}

func TestLossyWithoutReader(t *testing.T) {
	KeepAlive()
	r, w := pipe(t)
	r.Close()
	l := NewLossy(w)
	for range 100 {
		if _, err := l.Write([]byte("text")); err != nil {
			t.Fatal(err)
		}
	}
	l.Flush(time.Minute)
}

func TestResults(t *testing.T) {
	r, w := pipe(t)
	said := NewLossy(w)
	out := NewResults(w, said)
	if out.Fd() != said.Fd() {
		t.Error("another file")
	}
	long := strings.Repeat("results ", 100_000) // more than there is room for
	go func() {
		_, _ = said.Write([]byte("first "))
		if n, err := out.Write([]byte(long)); n != len(long) || err != nil {
			t.Error(n, err)
		}
		w.Close()
	}()
	if text, err := io.ReadAll(r); err != nil || string(text) != "first "+long {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

func TestResultsWithoutReader(t *testing.T) {
	r, w := pipe(t)
	out := NewResults(w, NewLossy(w))
	r.Close()
	for range 2 {
		if _, err := out.Write([]byte("text")); !ReaderGone(err) {
			t.Error(err)
		}
	}
}

// A reader that takes nothing is not waited for once the process was told to end.
func TestResultsHurry(t *testing.T) {
	_, w := pipe(t)
	out := NewResults(w, NewLossy(w))
	time.AfterFunc(50*time.Millisecond, out.Hurry)
	began := time.Now()
	_, err := out.Write(make([]byte, 1<<20))
	if err == nil || ReaderGone(err) || time.Since(began) > 30*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	if ReaderGone(syscall.EPIPE) {
		t.Error("that can be of anything")
	}
	out.Hurry() // more than once does no harm
}
