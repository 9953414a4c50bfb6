//go:build unix

package disk

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhyNotWritable(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "calls.db")
	if err := os.WriteFile(file, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	if why := WhyNotWritable(dir, file, filepath.Join(dir, "not there")); why != "" {
		t.Errorf("what can be written cannot: %s", why)
	}
	if why := WhyNotWritable(filepath.Join(dir, "new", "data")); why != "" {
		t.Errorf("a folder cannot be made: %s", why)
	}
	if err := CheckWritable(filepath.Join(dir, "not there")); !os.IsNotExist(err) {
		t.Errorf("what is not there: %v", err)
	}
	if got, want := permissionHint(file, dir).String(), file+" has the mode 0640: chmod -R u+w "+dir; got != want {
		t.Errorf("one's own file: %q, want %q", got, want)
	}
	if got := permissionHint(filepath.Join(dir, "not there"), dir); got != "" {
		t.Errorf("what is not there: %q", got)
	}
	if os.Geteuid() != 0 { // root ignores modes
		if err := os.Chmod(file, 0o440); err != nil {
			t.Fatal(err)
		}
		if why := WhyNotWritable(dir, file); !strings.HasPrefix(why.String(), file+" has the mode 0440") {
			t.Errorf("a file that may only be read: %q", why)
		}
		return
	}
	if err := os.Chown(file, 4242424, -1); err != nil {
		t.Fatal(err)
	}
	want := file + " belongs to 4242424, and this server runs as root: chown -R root " + dir
	if got := permissionHint(file, dir).String(); !strings.HasPrefix(got, want) {
		t.Errorf("somebody else's file: %q, want %q…", got, want)
	}
}

func TestNearest(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "a"), filepath.Join(dir, "a", "b", "..", "c")} {
		if got := nearestExisting(path); got != dir {
			t.Errorf("%s: %s, want %s", path, got, dir)
		}
	}
}
