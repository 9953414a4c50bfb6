package load

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// Scenario is one run, as asked for.
type Scenario struct {
	URL           string        // the server's address, with or without the upload path
	Key           string        // the API key
	MaxConcurrent int           // uploads in flight at most, 1 to 100,000
	Rate          float64       // calls due per second in the open model; 0 is the closed model
	Duration      time.Duration // how long calls are sent
	Timeout       time.Duration // for one upload in all, up to 10 min
	Systems       IDs           // systems that the calls belong to
	Talkgroups    IDs           // talkgroups of each system
	Seed          uint64        // the same seed makes the same calls
}

// MaxTimeout is the longest upload that the histograms can hold.
const MaxTimeout = 10 * time.Minute

// Validate returns everything that is wrong with the scenario, one problem a line.
func (s *Scenario) Validate() error {
	var errs []error
	bad := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	if _, err := uploadURL(s.URL); err != nil {
		errs = append(errs, err)
	}
	bad(!isHeaderText(s.Key), "the API key has a line break or another control character in it")
	bad(s.MaxConcurrent < 1 || s.MaxConcurrent > 100_000, "--max-concurrent must be 1 to 100000, not %d", s.MaxConcurrent)
	bad(s.Rate < 0, "--rate must be more than 0, not %g", s.Rate)
	bad(s.Duration <= 0, "--duration must be more than 0, not %v", s.Duration)
	bad(s.Timeout <= 0 || s.Timeout > MaxTimeout, "--timeout must be more than 0 and at most %v, not %v", MaxTimeout, s.Timeout)
	if len(s.Systems) == 0 || len(s.Talkgroups) == 0 {
		bad(len(s.Systems) == 0, "--systems names none")
		bad(len(s.Talkgroups) == 0, "--talkgroups names none")
	} else if most := NewTraffic(s, "", time.Time{}, nil).MaxPerSecond(); s.Rate > float64(most) {
		bad(true, "%g calls/s need more talkgroups than %d: with them, at most %d calls/s are no duplicates of each other",
			s.Rate, len(s.Systems)*len(s.Talkgroups), most)
	}
	return errors.Join(errs...)
}

// Open says whether calls arrive at their own pace, whatever the server does.
func (s *Scenario) Open() bool { return s.Rate > 0 }

// Record describes the scenario in a result. It leaves out the key.
func (s *Scenario) Record() measure.Scenario {
	model := "closed"
	if s.Open() {
		model = "open"
	}
	return measure.Scenario{
		Model: model, RatePerS: s.Rate, MaxConcurrent: s.MaxConcurrent, DurationS: s.Duration.Seconds(),
		TimeoutS: s.Timeout.Seconds(), Client: "sdrtrunk", Systems: s.Systems.String(), Talkgroups: s.Talkgroups.String(),
		Seed: s.Seed,
	}
}

// PublicURL is the target's address without user, password and query, which may hold secrets.
func (s *Scenario) PublicURL() string {
	u, err := url.Parse(s.URL)
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// uploadURL is where calls are sent: the given address as it is if it names an upload path, else with the usual one.
func uploadURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("--url must be like http://localhost:8000, not %q", redact(address))
	}
	path := strings.TrimRight(u.Path, "/")
	if !strings.HasSuffix(path, "call-upload") {
		path += rdio.UploadPath
	}
	u.Path, u.Fragment = path, ""
	return u, nil
}

// redact hides what stands before an @, which may be a password.
func redact(address string) string {
	if i := strings.LastIndexByte(address, '@'); i >= 0 {
		return "…" + address[i:]
	}
	return address
}

func isHeaderText(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0
}
