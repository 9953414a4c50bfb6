package address

import "testing"

func TestWithScheme(t *testing.T) {
	for address, want := range map[string]string{
		"localhost:3000":            "http://localhost:3000",
		"localhost":                 "http://localhost",
		"scanner:3000":              "http://scanner:3000",
		"scanner.example":           "http://scanner.example",
		"scanner.example/radio":     "http://scanner.example/radio",
		"scanner.example:443/radio": "https://scanner.example:443/radio",
		"scanner.example:8443":      "https://scanner.example:8443",
		"10.0.0.5:3000":             "http://10.0.0.5:3000",
		"10.0.0.5":                  "http://10.0.0.5",
		"[::1]:3000":                "http://[::1]:3000",
		"[::1]":                     "http://[::1]",
		"me:secret@scanner:3000":    "http://me:secret@scanner:3000",
		"https://scanner:3000":      "https://scanner:3000",
		"ftp://scanner":             "ftp://scanner",
		"nowhere":                   "nowhere",
		":3000":                     ":3000",
		"scanner:":                  "scanner:",
		"scanner:http":              "scanner:http",
		"http:/scanner":             "http:/scanner",
		"0.5":                       "0.5",
		"a b.c":                     "a b.c",
		"":                          "",
	} {
		if got := WithScheme(address); got != want {
			t.Errorf("%q is %q, want %q", address, got, want)
		}
	}
}
