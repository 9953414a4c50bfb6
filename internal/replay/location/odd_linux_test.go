package location_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/replay/location"
)

// A recording or a sidecar that would block or never end is skipped at once.
func TestOddRecordings(t *testing.T) {
	dir := t.TempDir()
	pipe := func(name string) {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := func(name string) {
		if err := os.Symlink("/dev/zero", filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	sidecar := func(name string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(`{"talkgroup":1001,"start_time":1795472069}`),
			0o600); err != nil {
			t.Fatal(err)
		}
	}
	pipe("1001-1795472069_851000000.0-call_1.m4a")
	sidecar("1001-1795472069_851000000.0-call_1.json")
	link("1001-1795472070_851000000.0-call_2.m4a")
	sidecar("1001-1795472070_851000000.0-call_2.json")
	pipe("1001-1795472071_851000000.0-call_3.json")
	pipe("1001-1795472071_851000000.0-call_3.m4a")
	link("1001-1795472072_851000000.0-call_4.json")
	pipe("1001-1795472072_851000000.0-call_4.m4a")
	pipe("renamed.json") // which has to be read for its time
	pipe("renamed.m4a")
	began := time.Now()
	a, err := location.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if a.Len() != 2 { // whose audio is looked at when they are due
		t.Fatalf("%d recordings", a.Len())
	}
	for i, want := range []string{"it is a pipe", "it is a device"} {
		if _, err := a.Read(i, nil, &rdio.Call{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", filepath.Base(a.Name(i)), err)
		}
	}
	bad := a.Skipped()
	if len(bad) != 1 || len(bad[0].Examples) != 3 {
		t.Fatalf("%+v", bad)
	}
	for i, want := range []string{
		"it is a pipe, not a file", "its sidecar cannot be read: it is a pipe",
		"its sidecar cannot be read: it is a device",
	} {
		if e := bad[0].Examples[i]; !strings.Contains(e.Why, want) {
			t.Errorf("%+v, want %q", e, want)
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
