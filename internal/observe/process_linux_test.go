package observe

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"rdiostress/internal/measure"
)

// noFiles is the variable that tells this test that it runs again, alone.
const noFiles = "RDIOSTRESS_TEST_NO_FILES"

// A generator without free file descriptors does not report that the server's process has ended.
func TestNoFileToLookWith(t *testing.T) {
	if os.Getenv(noFiles) == "" {
		if out, err := again(t, noFiles, "1").CombinedOutput(); err != nil {
			t.Errorf("without files: %v: %s", err, out)
		}
		return
	}
	w := &Watcher{}
	p := &processes{watcher: w}
	if err := p.attach(t.Context(), int32(os.Getppid())); err != nil {
		t.Fatal(err)
	}
	var may unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &may); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: may.Max}); err != nil {
		t.Fatal(err)
	}
	over, err := p.read(t.Context(), &measure.Observation{})
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &may); err != nil {
		t.Fatal(err)
	}
	if over || !errors.Is(err, syscall.EMFILE) || p.root == 0 || len(w.info.Events) > 0 {
		t.Errorf("over %v, %v; process %d, events %q", over, err, p.root, w.info.Events)
	}
	if over, err := p.read(t.Context(), &measure.Observation{}); over || err != nil {
		t.Errorf("with files again: %v, %v", over, err)
	}
}
