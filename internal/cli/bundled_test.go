package cli

import (
	"net/http"
	"os"
	"testing"

	"rdiostress/internal/bundled"
)

// A killed server is started again where it was, with its data.
func TestBundledServerRestarts(t *testing.T) {
	serve, err := serverProgram(developmentKey, nil)
	if err != nil {
		t.Fatal(err)
	}
	serve.Path = program(t)
	s, err := bundled.Start(t.Context(), bundled.Options{Program: serve, FixedPort: true})
	if err != nil {
		t.Fatal(err)
	}
	url := s.URL()
	t.Cleanup(func() {
		problems := s.Stop()
		if _, err := os.Stat(s.Dir()); err == nil || len(problems) > 0 {
			t.Errorf("its folder is there after it has stopped: %v; said %q", err, problems)
		}
	})
	if id, err := uploadOne(t.Context(), http.DefaultClient, url, 1, 1, make([]byte, 1000)); err != nil {
		t.Fatalf("%q, %v", id, err)
	}
	s.Kill()
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if calls := listPage(t, url, 1); len(calls) != 1 || s.URL() != url {
		t.Errorf("%d calls at %s, want the one that was stored", len(calls), s.URL())
	}
}
