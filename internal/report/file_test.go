package report_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
)

func jsonOf(rep report.Report) func(io.Writer) error {
	return func(w io.Writer) error { return report.WriteJSON(w, rep) }
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	for _, version := range []string{"1.0.0", "1.1.0"} { // makes it, then replaces it
		if err := report.WriteFile(path, jsonOf(report.New(results.Passing(), version, nil))); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		rep, err := report.Read(f)
		if err != nil {
			t.Error(err)
		}
		if rep.Tool.Version != version {
			t.Errorf("version %q, want %q", rep.Tool.Version, version)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	alone(t, path)
}

func TestWriteFileKeepsWhatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left on device")
	err := report.WriteFile(path, func(w io.Writer) error {
		if _, err := io.WriteString(w, "half of it"); err != nil {
			return err
		}
		return full
	})
	if !errors.Is(err, full) || !strings.HasPrefix(err.Error(), "write "+path+": ") {
		t.Errorf("%v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "old" {
		t.Errorf("%q, %v", got, err)
	}
	alone(t, path)

	if err := report.WriteFile(path, jsonOf(report.New(results.Passing(), "1.2.3", nil))); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// alone makes sure that no temporary file stayed beside path.
func alone(t *testing.T, path string) {
	t.Helper()
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 {
		t.Errorf("%d files, %v", len(files), err)
	}
}

func TestWriteFileRefuses(t *testing.T) {
	folder := t.TempDir()
	if err := report.WriteFile(folder, jsonOf(reporttest.Full())); err == nil || err.Error() != "write "+folder+
		": it is a folder" {
		t.Errorf("%v", err)
	}
	missing := filepath.Join(folder, "nowhere", "report.json")
	err := report.WriteFile(missing, jsonOf(reporttest.Full()))
	if !errors.Is(err, os.ErrNotExist) || strings.Count(err.Error(), "nowhere") != 1 {
		t.Errorf("%v", err)
	}
}

func TestWriteFileFollowsLinks(t *testing.T) {
	folder := t.TempDir()
	path, link := filepath.Join(folder, "report.json"), filepath.Join(folder, "latest.json")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	if err := report.WriteFile(link, jsonOf(reporttest.Full())); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		t.Errorf("nothing was written: %v", err)
	}
}

// TestWriteFileLeavesDevices makes sure that, run as root, it does not put a file where a device was.
func TestWriteFileLeavesDevices(t *testing.T) {
	if err := report.WriteFile(os.DevNull, jsonOf(reporttest.Full())); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("%s: %v, %v", os.DevNull, info.Mode(), err)
	}
}
