package reporttest

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/report"
)

// Text returns what write writes.
func Text(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var b strings.Builder
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Golden compares a text with the one in a file, which it writes anew before if update is set.
func Golden(t *testing.T, path string, update bool, got string) {
	t.Helper()
	if update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs from %s (-want +got):\n%s", path, diff)
	}
}

// EachVersion calls check for each document that an older version saved, for the test of a package below report.
func EachVersion(t *testing.T, check func(name string, doc report.Document)) {
	t.Helper()
	files, err := filepath.Glob("../testdata/versions/*.json")
	if err != nil || len(files) < 6 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		check(name, version(t, name))
	}
}

func version(t *testing.T, name string) report.Document {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	doc, err := report.ReadDocument(file)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return doc
}

// failingWriter takes nothing.
type failingWriter struct{ err error }

func (f failingWriter) Write([]byte) (int, error) { return 0, f.err }

// PassesErrorsOn checks that write returns the error of its writer.
func PassesErrorsOn(t *testing.T, write func(io.Writer) error) {
	t.Helper()
	broken := errors.New("broken pipe")
	if err := write(failingWriter{broken}); !errors.Is(err, broken) {
		t.Error(err)
	}
}
