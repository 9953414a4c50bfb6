package server_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/server"
)

// writeKeys writes a key file.
func writeKeys(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// manyKeys returns a file of n keys, the last of which is given.
func manyKeys(n int, last string) string {
	var b strings.Builder
	b.WriteString("keys:\n")
	for i := range n - 1 {
		fmt.Fprintf(&b, "- label: feed %d\n  key: a-long-random-word-%d\n  systems: [11, 20-29]\n", i, i)
	}
	return b.String() + "- {label: last, key: " + last + "}\n"
}

// However large the file is, and however quickly edits follow each other, the newest valid version applies: also if it
// has the size and time of the previous one, and if a broken version came in between.
func TestNewestKeysWin(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.yaml")
	writeKeys(t, path, manyKeys(30_000, "key-number-0000"))
	when := time.Now().Add(-time.Hour)
	change := func(text string) {
		t.Helper()
		writeKeys(t, path, text)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	change(manyKeys(30_000, "key-number-0000"))
	r := newRig(t, func(o *server.Options) { o.APIKey, o.KeyFile, o.Reload = "", path, time.Millisecond })
	if got := r.uploadWith(t, "a-long-random-word-29998"); got != 200 {
		t.Errorf("one of 30,000 keys: %d", got)
	}
	serve(t, r) // polls the file by itself
	for n := 1; n < 40; n++ {
		text := manyKeys(30_000, fmt.Sprintf("key-number-%04d", n))
		if n%4 == 3 {
			text = strings.Replace(text, "label: last", "lable: last", 1)
		}
		change(text) // while the previous version may still be read
	}
	change(manyKeys(3, "key-number-9999"))
	eventually(t, "the newest key is taken", func() bool { return r.uploadWith(t, "key-number-9999") == 200 })
	for _, key := range []string{"key-number-0000", "key-number-0038", "a-long-random-word-29998"} {
		if got := r.uploadWith(t, key); got != 401 {
			t.Errorf("%s, of an older file: %d", key, got)
		}
	}
	change("keys: [}\n")
	eventually(t, "the broken file is logged",
		func() bool { return strings.Contains(r.log.String(), "cannot reload the API keys") })
	if got := r.uploadWith(t, "key-number-9999"); got != 200 {
		t.Errorf("the newest valid file is not in force any more: %d", got)
	}
}
