package apikey_test

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/server/apikey"
)

// writeKeys writes a key file.
func writeKeys(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestReadFile(t *testing.T) {
	sum := sha256.Sum256([]byte("a-key-kept-as-its-hash"))
	path := filepath.Join(t.TempDir(), "keys.yaml")
	writeKeys(t, path, fmt.Sprintf(`# who may upload
keys:
- label: county feed
  key: county-key
  systems: [11, 20-29]
  talkgroups:
  - 1001-1400
  cidrs: [10.1.2.3/8, "::1"]
  expires: 2027-01-31
- label: hashed
  sha256: %x
  expires: 2027-01-31T12:00:00+02:00
- {label: number, key: 12345678}
`, sum))
	want := []apikey.Key{
		{
			Label: "county feed", SHA256: sha256.Sum256([]byte("county-key")),
			Systems:    []apikey.IDRange{{11, 11}, {20, 29}},
			Talkgroups: []apikey.IDRange{{1001, 1400}}, Expires: time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC),
			From: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		},
		{Label: "hashed", SHA256: sum, Expires: time.Date(2027, 1, 31, 10, 0, 0, 0, time.UTC)},
		{Label: "number", SHA256: sha256.Sum256([]byte("12345678"))},
	}
	got, err := apikey.ReadFile(path)
	prefixes := cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
	if diff := cmp.Diff(want, got, prefixes, cmp.Comparer(time.Time.Equal)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// All mistakes are reported with their line, and no error contains a key.
func TestReadFileRefuses(t *testing.T) {
	entry := func(more string) string { return "keys:\n- label: a\n  key: s3cret-s3cret\n" + more }
	const notAsWritten = " is not read as it is written: put it in quotes"
	tests := []struct{ text, want string }{
		{"", `it must be one YAML document with a list "keys"`},
		{"keys: []", "it has no keys"},
		{"keys:\n- key: s3cret-s3cret\n", "line 2: label is missing"},
		{"keys:\n- label: a\n", "line 2: key is missing; give it, or its hash as sha256"},
		{"keys:\n- label: a\n  key: s3cret\n", "line 3: key is shorter than 8 bytes"},
		{entry("  sytems: [1]\n"), `line 4: unknown field "sytems" (known are label, key, sha256, `},
		{
			entry("  key: s3cret-s3cret\n"),
			"line 4: this is not valid YAML: check the indentation and the quotes, and that no field is given twice",
		},
		{entry("  systems: all\n"), "line 4: the value has the wrong type for this field"},
		{
			entry("  systems: [eleven]\n"),
			`line 4: systems has "eleven", which is neither a number nor a range such as 1001-1400`,
		},
		{entry("  talkgroups: [5-1]\n"), `line 4: talkgroups has "5-1"`},
		{
			entry("  cidrs: [10.0.0.0/99]\n"),
			`line 4: cidrs has "10.0.0.0/99", which is not a network such as 10.1.0.0/16`,
		},
		{entry("  expires: soon\n"), `line 4: expires is "soon", which is neither a date such as 2027-01-31`},
		{entry("  sha256: ab\n"), "line 4: sha256 and key are both given"},
		{"keys:\n- label: a\n  sha256: ab\n", "line 3: sha256 is not a SHA-256 of 64 hexadecimal digits"},
		{entry("- {label: a, key: s3cret-other}\n"), `line 4: label "a" is given twice`},
		{entry("- {label: b, key: s3cret-s3cret}\n"), `line 4: label "b" has the key of another entry`},
		{entry("\t  : [s3cret\n"), "this is not valid YAML: check the indentation and the quotes"},
		{"keys:\n- label: a\n  key: {s3cret: s3cret}\n", "line 3: key must be one value, not a list or a map"},
		{"keys:\n- label: a\n  key: |\n    s3cret-s3cret\n", "line 3: key" + notAsWritten},
		{"keys:\n- label: a\n  key: s3cret-s3cret\n    s3cret\n", "line 3: key" + notAsWritten},
		{"keys:\n- label: a\n  key: !!str s3cret-s3cret\n", "line 3: a value that begins with !" + notAsWritten},
		{entry("  systems: !s3cret 11\n"), "line 4: a value that begins with !" + notAsWritten},
		{
			"keys:\n- label: a\n  key: @s3cret-s3cret\n",
			"line 3: this is not valid YAML: check the indentation and the quotes",
		},
		{"keys:\n- label: a\n  key: ~\n", "line 3: key is missing"},
		{entry("  systems: [0x10]\n"), `line 4: systems has "0x10", which is neither a number nor a range`},
		{entry("  talkgroups: [1_000]\n"), `line 4: talkgroups has "1_000", which is neither a number nor a range`},
		{entry("  talkgroups: [10.0]\n"), `line 4: talkgroups has "10.0", which is neither a number nor a range`},
		{entry("  talkgroups: [{a: 1}]\n"), `line 4: talkgroups must be one value, not a list or a map`},
		{entry("  systems: [x]\n  expires: soon\n"), "\nline 5: expires is"},
	}
	path := filepath.Join(t.TempDir(), "keys.yaml")
	for _, tt := range tests {
		writeKeys(t, path, tt.text)
		_, err := apikey.ReadFile(path)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q:\ngot  %v\nwant %s", tt.text, err, tt.want)
		}
	}
}

// A key is the text as it is written, with or without quotes, even if YAML reads it as a number, because clients send
// the text. A value that YAML would change is refused.
func TestKeysAreTheTextAsWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.yaml")
	for _, key := range []string{
		"0012345670123", "012345678", "0o123456", "0x1F2E3D4C5B", "0b10101010", "12_000_000", "+15550123", "-15550123",
		"1.0000000", "1.50e10000", "1e100000", "12345678901234567890123", "2027-01-31", "2027-01-31T12:00:00Z",
		"12:30:45.0",
		"true-false", "null-null", "abcd efgh", "abcd:efgh", "it's-a-key", "%abcdefg", "übergroß",
	} {
		single := "'" + strings.ReplaceAll(key, "'", "''") + "'"
		for _, written := range []string{key, strconv.Quote(key), single, key + "  # the county's"} {
			writeKeys(t, path, "keys:\n- label: a\n  key: "+written+"\n")
			keys, err := apikey.ReadFile(path)
			if err != nil || keys[0].SHA256 != sha256.Sum256([]byte(key)) {
				t.Errorf("key: %s is another key than %s (%v)", written, key, err)
			}
		}
	}
	writeKeys(t, path, "keys:\n- label: 007\n  key: abcdefgh\n  systems: [010, 0100-0200, '020']\n")
	keys, err := apikey.ReadFile(path)
	if err != nil || keys[0].Label != "007" {
		t.Fatalf("%v, %+v", err, keys)
	}
	if diff := cmp.Diff([]apikey.IDRange{{10, 10}, {100, 200}, {20, 20}}, keys[0].Systems); diff != "" {
		t.Errorf("numbers are decimal (-want +got):\n%s", diff)
	}
}

func FuzzReadKeys(f *testing.F) {
	f.Add("keys:\n- {label: a, key: 12345678, systems: [1-2], cidrs: [::/0], expires: 2027-01-01}\n")
	f.Add("keys: &a\n- *a\n")
	f.Add("keys: !mine a-key-of-mine")
	path := filepath.Join(f.TempDir(), "keys.yaml")
	f.Fuzz(func(t *testing.T, text string) {
		writeKeys(t, path, text)
		keys, err := apikey.ReadFile(path)
		for _, k := range keys {
			if err == nil && (k.Label == "" || k.SHA256 == [sha256.Size]byte{}) {
				t.Errorf("impossible key %+v", k)
			}
		}
	})
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

// The error about a file with many faults reports the first ones and counts the others.
func TestManyFaultsInKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.yaml")
	writeKeys(t, path, strings.ReplaceAll(manyKeys(30_000, "key-number-1"), "20-29", "29-20"))
	began := time.Now()
	_, err := apikey.ReadFile(path)
	if err == nil || strings.Count(err.Error(), "\n") != 20 || !strings.Contains(err.Error(), "line 4: systems has") ||
		!strings.HasSuffix(err.Error(), "and 29979 more faults") {
		t.Errorf("got %.300v…", err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

// A file that cannot be read repeatedly is refused at once.
func TestKeysFromOddFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no such device")
	}
	for _, path := range []string{"/dev/zero", "/dev/null", t.TempDir()} {
		if _, err := apikey.ReadFile(path); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: %v", path, err)
		}
	}
	large := filepath.Join(t.TempDir(), "large")
	writeKeys(t, large, "")
	if err := os.Truncate(large, 1<<40); err != nil {
		t.Fatal(err)
	}
	if _, err := apikey.ReadFile(large); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("a terabyte: %v", err)
	}
}
