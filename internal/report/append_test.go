package report_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rdiostress/internal/report"
)

func TestAppendFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "summary.md")
	add := func(text string, wantSize int64) error {
		return report.AppendFile(path, func(size int64) ([]byte, error) {
			if size != wantSize {
				t.Errorf("size %d, want %d", size, wantSize)
			}
			return []byte(text), nil
		})
	}
	long := strings.Repeat("x", 10_000)
	if err := errors.Join(add("one\n", 0), add(long, 4), add("", 10_004)); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := report.AppendFile(path, func(int64) ([]byte, error) { return []byte("x"), broken }); !errors.Is(err,
		broken) || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "one\n"+long {
		t.Errorf("%v, %d bytes", err, len(got))
	}
	if err := report.AppendFile(filepath.Join(path, "below"), nil); err == nil {
		t.Error("a file below a file was written")
	}
}
