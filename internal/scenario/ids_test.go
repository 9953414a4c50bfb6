package scenario

import (
	"cmp"
	"slices"
	"strings"
	"testing"
)

func TestParseIDs(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want IDs
		out  string // as written back; in if empty
	}{
		{"11", IDs{11}, ""},
		{"11,12", IDs{11, 12}, "11-12"},
		{"1001-1003,2001", IDs{1001, 1002, 1003, 2001}, ""},
		{" 5 , 3 - 4 ", IDs{5, 3, 4}, "5,3-4"},
		{"1-3,2-4,3", IDs{1, 2, 3, 4}, "1-4"},
		{"9999999999", IDs{9999999999}, ""},
	} {
		ids, err := ParseIDs(tt.in)
		if err != nil || !slices.Equal(ids, tt.want) {
			t.Errorf("%q: %v, %v; want %v", tt.in, ids, err, tt.want)
		}
		if want := cmp.Or(tt.out, tt.in); ids.String() != want {
			t.Errorf("%q is written back as %q, want %q", tt.in, ids, want)
		}
	}
}

func TestParseIDsRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "neither a number nor a range",
		"fire":                     "neither a number nor a range",
		"1001-":                    "neither a number nor a range",
		"0":                        "outside 1 to",
		"-5":                       "neither a number nor a range",
		"10000000000":              "outside 1 to",
		"99999999999999999999":     "neither a number nor a range",
		"20-10":                    "runs backwards",
		"1-1000001":                "more than 1000000 numbers",
		"1-600000,1000000-1600000": "more than 1000000 numbers",
	} {
		if _, err := ParseIDs(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", in, err, want)
		}
	}
}

func FuzzParseIDs(f *testing.F) {
	f.Add("1001-1400,2001")
	f.Add("9-8,,-")
	f.Fuzz(func(t *testing.T, s string) {
		ids, err := ParseIDs(s)
		if err != nil {
			return
		}
		back, err := ParseIDs(ids.String())
		if err != nil || !slices.Equal(back, ids) {
			t.Errorf("%q became %q, which reads as %v, %v", s, ids, back, err)
		}
	})
}
