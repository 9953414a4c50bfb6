package scenario

import "testing"

func TestParseSizeRange(t *testing.T) {
	for in, want := range map[string]SizeRange{
		"16384": {16384, 16384}, "16KB": {16000, 16000}, "16KiB": {16384, 16384}, "1KB-1MB": {
			1000,
			1_000_000,
		}, "1000b - 2k": {1000, 2000},
	} {
		if got, err := ParseSizeRange(in); err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "big", "2KB-1KB", "999", "1GB", "1KB-", "-5"} {
		if got, err := ParseSizeRange(in); err == nil {
			t.Errorf("%q is taken as %v", in, got)
		}
	}
}

func FuzzParseSizeRange(f *testing.F) {
	f.Add("1KB-1MB")
	f.Add("16384")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseSizeRange(s)
		if err != nil {
			return
		}
		if back, err := ParseSizeRange(r.String()); err != nil || back != r {
			t.Errorf("%q is written back as %q, which reads as %v, %v", s, r, back, err)
		}
	})
}
