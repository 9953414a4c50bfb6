package scenario

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/rdio"
)

func TestValidate(t *testing.T) {
	if err := testScenario().Validate(); err != nil {
		t.Fatalf("a good scenario: %v", err)
	}
	for _, tt := range []struct {
		name  string
		spoil func(*Scenario)
		want  string
	}{
		{
			"no scheme", func(s *Scenario) { s.URL = "localhost:8000" },
			`url must be like http://localhost:8000, not "localhost:8000"`,
		},
		{"port", func(s *Scenario) { s.URL = "http://host:99999" }, "url has no port 99999"},
		{"token", func(s *Scenario) { s.URL = "host:1?token=secret" }, `not "host:1?…"`},
		{"no key", func(s *Scenario) { s.Key = "" }, "the API key is empty"},
		{"other scheme", func(s *Scenario) { s.URL = "ftp://host" }, "url must be like"},
		{"password", func(s *Scenario) { s.URL = "ftp://u:secret@host" }, `not "ftp://…@host"`},
		{"key", func(s *Scenario) { s.Key = "a\r\nb" }, "the API key has a line break"},
		{"no uploader", func(s *Scenario) { s.MaxConcurrent = 0 }, "max concurrent must be 1 to 100000, not 0"},
		{"too many", func(s *Scenario) { s.MaxConcurrent = 100_001 }, "max concurrent must be 1 to 100000"},
		{"rate", func(s *Scenario) { s.Rate = -1 }, "rate must be more than 0"},
		{"duration", func(s *Scenario) { s.Duration = 0 }, "duration must be more than 0"},
		{
			"timeout", func(s *Scenario) { s.Timeout = time.Hour },
			"timeout must be more than 0 and at most 10m, not 1h0m0s",
		},
		{"no system", func(s *Scenario) { s.Systems = nil }, "systems names none"},
		{"no talkgroup", func(s *Scenario) { s.Talkgroups = nil }, "talkgroups names none"},
		{"rate over what is unique", func(s *Scenario) { s.Rate = 1e6 }, "need more talkgroups than 6"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := testScenario()
			tt.spoil(s)
			err := s.Validate()
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error shows a password: %v", err)
			}
		})
	}
	all := &Scenario{}
	if n := strings.Count(all.Validate().Error(), "\n") + 1; n < 5 {
		t.Errorf("an empty scenario has %d problems, want all at once", n)
	}
}

func TestUploadURL(t *testing.T) {
	for in, want := range map[string]string{
		"http://localhost:8000":                    "http://localhost:8000/api/call-upload",
		"http://localhost:8000/":                   "http://localhost:8000/api/call-upload",
		"https://host/scanner/":                    "https://host/scanner/api/call-upload",
		"http://host/api/call-upload":              "http://host/api/call-upload",
		"http://host/api/call-upload/":             "http://host/api/call-upload",
		"http://host/api/v1/call-upload?token=abc": "http://host/api/v1/call-upload?token=abc",
	} {
		if u, err := ClientURL(in, rdio.SDRTrunk); err != nil || u.String() != want {
			t.Errorf("%s: %v, %v, want %s", in, u, err, want)
		}
	}
}

func TestSidecarURL(t *testing.T) {
	for in, want := range map[string]string{
		"http://localhost:8000":                              "http://localhost:8000/api/trunk-recorder-call-upload",
		"https://host/scanner/":                              "https://host/scanner/api/trunk-recorder-call-upload",
		"http://host/api/v1/call-upload?x":                   "http://host/api/v1/trunk-recorder-call-upload?x",
		"http://host/scanner/api/trunk-recorder-call-upload": "http://host/scanner/api/trunk-recorder-call-upload",
	} {
		if u, err := ClientURL(in, rdio.TrunkRecorderMeta); err != nil || u.String() != want {
			t.Errorf("%s: %v, %v, want %s", in, u, err, want)
		}
	}
	s := testScenario()
	s.URL = "http://host/api/trunk-recorder-call-upload"
	if err := s.Validate(); err == nil || !strings.Contains(err.Error(), "clients trunk-recorder-meta alone") {
		t.Errorf("SDRTrunk may send to the sidecars' endpoint: %v", err)
	}
	if s.Clients, _ = ParseMix("trunk-recorder-meta"); s.Validate() != nil {
		t.Error(s.Validate())
	}
}

func TestRecordHoldsNoSecret(t *testing.T) {
	s := testScenario()
	s.Key, s.URL = "top-secret", "http://user:pass-word@host:1/x?token=hidden"
	text, err := json.Marshal(s.Record())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"top-secret", "pass-word", "hidden"} {
		if strings.Contains(string(text)+s.PublicURL(), secret) {
			t.Errorf("%s shows in %s %s", secret, text, s.PublicURL())
		}
	}
	if s.PublicURL() != "http://host:1/x?…" {
		t.Errorf("public URL %s", s.PublicURL())
	}
}
