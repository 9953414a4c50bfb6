package delivery

import (
	"testing"

	"rdiostress/internal/rdio"
)

func TestNumberOf(t *testing.T) {
	const pattern = "rs-abc234xy-"
	tests := []struct {
		name string
		n    uint64
		ok   bool
	}{
		{"rs-abc234xy-0000042.mp3", 42, true},
		{"rs-abc234xy-0000042.m4a", 42, true},
		{"/audio/2026/11/24/rs-abc234xy-0000042", 42, true},
		{`C:\calls\rs-abc234xy-12345678.opus`, 12345678, true},
		{"20261124_101500.123-rs-abc234xy-0000007_851012500.mp3", 7, true},
		{"rs-abc234xy-000000000000000042.mp3", 42, true},
		{"rs-abc234xy-probe.mp3", 0, false},
		{"rs-abc234xy-prime-0000042.mp3", 0, false},
		{"rs-abc234xy-42.mp3", 0, false}, // the tail of another's name
		{"rs-abc234xy-0000000000000000042.mp3", 0, false},
		{"rs-other234-0000042.mp3", 0, false},
		{"1001-1764000000_851012500-call_17.m4a", 0, false},
		{"rs-abc234xy-", 0, false},
		{"", 0, false},
	}
	for _, tt := range tests {
		if n, ok := numberOf(pattern, tt.name); ok != tt.ok || ok && n != tt.n {
			t.Errorf("numberOf(%q) = %d, %t, want %d, %t", tt.name, n, ok, tt.n, tt.ok)
		}
	}
}

func FuzzNumberOf(f *testing.F) {
	for _, name := range []string{"rs-abc234xy-0000042.mp3", "rs-abc234xy-", "rs-abc234xy-99999999999999999999", "x"} {
		f.Add(name, uint64(7))
	}
	f.Fuzz(func(t *testing.T, name string, want uint64) {
		if n, ok := numberOf("rs-abc234xy-", name); ok && n >= 1e18 {
			t.Errorf("numberOf(%q) = %d", name, n)
		}
		want %= 1e18
		marked := string(rdio.AppendMark(nil, "abc234xy", want))
		if n, ok := numberOf("rs-abc234xy-", marked+".m4a"); !ok || n != want {
			t.Errorf("numberOf(%q) = %d, %t, want %d", marked, n, ok, want)
		}
	})
}
