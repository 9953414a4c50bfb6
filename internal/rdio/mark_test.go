package rdio

import (
	"regexp"
	"testing"
)

func TestMarks(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "rs-abc234xy-0000000", 42: "rs-abc234xy-0000042", 9_999_999: "rs-abc234xy-9999999",
		123_456_789: "rs-abc234xy-123456789",
		1<<64 - 1:   "rs-abc234xy-18446744073709551615",
	} {
		got := string(AppendMark(nil, "abc234xy", n))
		if got != want {
			t.Errorf("call %d is marked %q, want %q", n, got, want)
		}
		if !regexp.MustCompile(`^[a-z0-9-]+$`).MatchString(got) {
			t.Errorf("%q has characters that a server may trip over", got)
		}
		for _, text := range []string{
			"%", "%.mp3", "1001-1764000000_851012500-call_%.m4a", "rs-rs-abc234xy-%x",
			"rs-abc234xy-12-%", "%_2",
		} {
			text = regexp.MustCompile("%").ReplaceAllLiteralString(text, got)
			if back, ok := FindMark([]byte(text), "abc234xy"); !ok || back != n {
				t.Errorf("%q: found %d, %v", text, back, ok)
			}
		}
	}
	for _, text := range []string{
		"", "rs-", "rs-abc234xy", "rs-abc234xy-", "rs-abc234xy-123456", "rs-other234-0000042",
		"rs-abc234xy-probe", "rs-abc234xy-99999999999999999999",
	} {
		if n, ok := FindMark([]byte(text), "abc234xy"); ok {
			t.Errorf("%q: found call %d", text, n)
		}
	}
}

func FuzzFindMark(f *testing.F) {
	f.Add("x-rs-abc234xy-0000042.mp3")
	f.Add("rs-abc234xy-rs-abc234xy-0000042")
	f.Fuzz(func(t *testing.T, text string) {
		n, ok := FindMark([]byte(text), "abc234xy")
		if !ok {
			return
		}
		if back, ok := FindMark(AppendMark(nil, "abc234xy", n), "abc234xy"); !ok || back != n {
			t.Errorf("%q is call %d, whose mark is that of %d, %v", text, n, back, ok)
		}
	})
}
