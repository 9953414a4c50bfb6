package scenario

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/address"
	"rdiostress/internal/field"
	"rdiostress/internal/measure"
	"rdiostress/internal/radio"
	"rdiostress/internal/rdio"
	"rdiostress/internal/schedule"
	"rdiostress/internal/units"
)

// Scenario is what a run is asked to be. The zero value of an optional field means that the run does without it.
type Scenario struct {
	URL string // the server's address, with or without the upload path
	// Addresses of further servers, among which the calls are divided; each takes what the first takes.
	MoreURLs []string      `json:",omitempty"`
	Balance  Balance       `json:",omitempty"` // how they are divided; empty is RoundRobin
	Key      string        // the API key
	Timeout  time.Duration // for one upload as a whole, up to 10 min

	MaxConcurrent int            // largest number of uploads in flight, 1 to 100,000
	Rate          float64        // calls due per second in the open model; 0 is the closed model
	Arrival       Arrival        // how the calls of the open model are spread
	Duration      time.Duration  // length of the scored part, unless there are stages
	RampUp        time.Duration  // before it, the load rises from 0; not scored
	WarmUp        time.Duration  // then it is sent in full; not scored
	Stages        schedule.Shape // instead of Rate and Duration
	StageRates    bool           // the stages are calls per second, so the model is open
	Guide         bool           // begin with the batches of the guide's script
	Total         uint64         // number of calls after which the run ends
	ThinkTime     time.Duration  // pause of an uploader between two calls; closed model only
	AbortOn       []AbortRule    // rules that end the run early
	Retries       Retries        // of failed calls
	RealClients   bool           // clients queue calls, pause, repeat and give up as the real ones do

	Connections int  // largest number of open connections; 0 is one for each uploader
	NoKeepAlive bool // one connection for each call
	Reuse       bool // many calls over one connection, also from clients that open one for each call
	HTTP2       bool // use HTTP/2 if an https target has it

	Clients    Mix       // who sends the calls
	AudioSize  SizeRange // of each call; zero: as the length of the call demands
	AudioDir   string    // folder of recordings to take the audio from; empty: built-in speech
	Systems    IDs       // systems of the calls
	Talkgroups IDs       // talkgroups of each system, the busiest first
	Seed       uint64    // the same seed makes the same calls
	Radio
	Replay Replay // recorded calls instead of synthetic ones
}

// Arrival says how the open model spreads its calls.
type Arrival string

// Values of Arrival.
const (
	Constant Arrival = "constant" // evenly
	Poisson  Arrival = "poisson"  // at random, as independent callers do
)

// MaxTimeout is the longest upload that the histograms can hold.
const MaxTimeout = 10 * time.Minute

// Validate returns all problems of the scenario as one error, which joins a [field.Error] for each.
func (s *Scenario) Validate() error {
	var p problems
	s.validateURLs(&p)
	p.check(s.Key == "", "api_key", "the API key is empty: pass {api_key} or {api_key_file}, or set {api_key_variable}")
	p.check(!isHeaderText(s.Key), "api_key", "the API key has a line break or another control character in it")
	p.check(s.MaxConcurrent < 1 || s.MaxConcurrent > maxUploaders, "max_concurrent",
		"{max_concurrent} must be 1 to %d, not %d", maxUploaders, s.MaxConcurrent)
	p.check(s.Connections < 0 || s.Connections > maxUploaders, "connections", "{connections} must be 1 to %d, not %d",
		maxUploaders, s.Connections)
	p.check(s.Rate < 0, "rate", "{rate} must be more than 0, not %g", s.Rate)
	p.check(s.Duration <= 0, "duration", "{duration} must be more than 0, not %v", s.Duration)
	p.check(s.WarmUp < 0, "warm_up", "{warm_up} must not be negative")
	p.check(s.RampUp < 0, "ramp_up", "{ramp_up} must not be negative")
	p.check(s.ThinkTime < 0, "think_time", "{think_time} must not be negative")
	p.check(s.Timeout <= 0 || s.Timeout > MaxTimeout, "timeout",
		"{timeout} must be more than 0 and at most %gm, not %v", MaxTimeout.Minutes(), s.Timeout)
	p.check(s.Arrival != Constant && s.Arrival != Poisson, "arrival", "{arrival} must be constant or poisson, not %q",
		s.Arrival)
	s.validateModel(&p)
	s.validateRadio(&p)
	if len(p) == 0 && !s.Replay.On() {
		s.validateCalls(&p)
	}
	return errors.Join(p...)
}

// validateCalls checks that the run can have as many unique calls as it is to send.
func (s *Scenario) validateCalls(p *problems) {
	if longest := radio.MaxSteps * s.Step(); s.Length() > longest {
		p.check(true, "duration", "{duration} is too long: a run can last %v", longest)
		return
	}
	if !s.Open() {
		return
	}
	shape, pairs := s.Shape(), len(s.Systems)*len(s.Talkgroups)
	calls, most, perSecond := shape.Area(s.dated()), s.Capacity(), s.PerSecond()
	if calls > fullest*float64(most) {
		p.check(true, "talkgroups",
			"%s calls need more talkgroups than %d: with them, a run of %v has at most %d that are no duplicates "+
				"of each other", units.Whole(calls), pairs, s.Length(), most)
		return
	}
	p.check(shape.Max() > fullest*perSecond, "talkgroups",
		"%s calls/s need more talkgroups than %d: with them, a run of %v has at most %s a second that are no "+
			"duplicates of each other", units.Given(shape.Max()), pairs, s.Length(), units.Whole(perSecond))
}

// maxUploaders exceeds the number of ports that one machine has for one server.
const maxUploaders = 100_000

// validateModel checks what cannot be combined.
func (s *Scenario) validateModel(p *problems) {
	staged := len(s.Stages) > 0
	p.check(staged && s.Rate > 0, "stages",
		"{stages} and {rate} exclude each other: write the rates into the stages, such as 1m:50/s")
	p.check(staged && s.RampUp > 0, "stages", "{stages} and {ramp_up} exclude each other: stages ramp by themselves")
	p.check(staged && s.WarmUp > 0, "stages",
		"{stages} and {warm_up} exclude each other: begin with a stage of its own")
	p.check(len(s.Stages) > measure.MaxPhases-maxOtherPhases, "stages", "{stages} can be at most %d",
		measure.MaxPhases-maxOtherPhases)
	p.check(staged && !s.StageRates && s.Stages.Max() > float64(s.MaxConcurrent), "stages",
		"{stages} go up to %g uploaders: raise {max_concurrent} to that, or write rates as 50/s", s.Stages.Max())
	p.check(staged && s.Stages.Max() == 0, "stages", "{stages} have no load at all")
	p.check(s.Open() && s.ThinkTime > 0, "think_time",
		"{think_time} is for the closed model: in the open one, {rate} says when calls are due")
	p.check(s.RealClients && !s.Open(), "real_clients",
		"{real_clients} is for the open model, in which calls are due at times of their own: give {rate}, {stages} "+
			"with rates, or {replay}")
	p.check(s.RealClients && s.Retries.On, "real_clients",
		"{real_clients} and {retries} exclude each other: real clients have repeats of their own")
	p.check(s.RealClients && s.Connections > 0, "real_clients",
		"{real_clients} and {connections} exclude each other: real clients open connections as they need them")
	p.check(s.RealClients && (s.NoKeepAlive || s.Reuse), "real_clients",
		"{real_clients} and {keep_alive} exclude each other: real clients keep their connections, or do not")
	p.check(s.Guide && (s.Open() || staged), "guide",
		"{guide} is a closed model of its own: leave out {rate} and {stages}")
	p.check(s.Guide && s.MaxConcurrent > guideMaximum, "guide", "{guide} takes at most {max_concurrent} %d",
		guideMaximum)
}

// Open reports whether calls are due at times of their own, whatever the server does.
func (s *Scenario) Open() bool { return s.Rate > 0 || s.StageRates || s.Replay.On() }

// Record describes the scenario in a result. It leaves out the API key.
func (s *Scenario) Record() measure.Scenario {
	m := measure.Scenario{
		Model: "closed", RatePerS: s.Rate, MaxConcurrent: s.MaxConcurrent,
		Connections: cmp.Or(s.Connections, s.MaxConcurrent),
		KeepAlive:   s.KeepsConnections(), HTTP: "1.1", WarmUpS: s.WarmUp.Seconds(), RampUpS: s.RampUp.Seconds(),
		DurationS: s.Duration.Seconds(), Total: s.Total, ThinkTimeS: s.ThinkTime.Seconds(),
		TimeoutS: s.Timeout.Seconds(), Client: s.Clients.String(), ClientRetries: s.Retries.String(),
		RealClients: s.RealClients,
		AudioSize:   s.AudioSize.String(), AudioDir: s.AudioDir, Seed: s.Seed,
	}
	s.recordRadio(&m)
	if len(s.MoreURLs) > 0 {
		m.Balance = string(cmp.Or(s.Balance, RoundRobin))
	}
	if s.Open() {
		m.Model, m.Arrival = "open", string(s.Arrival)
		if s.Replay.On() {
			m.Arrival = "recorded"
		}
	}
	if s.HTTP2 {
		m.HTTP = "2"
	}
	if s.Guide {
		m.Profile = "guide"
	}
	if len(s.Stages) > 0 {
		m.Stages, m.DurationS = s.Stages.Format(s.StageRates), s.Stages.Length().Seconds()
	}
	for _, rule := range s.AbortOn {
		m.AbortOn = append(m.AbortOn, rule.String())
	}
	return m
}

// KeepsConnections reports whether any client uses a connection for more than one call.
func (s *Scenario) KeepsConnections() bool {
	keeps := func(c rdio.Client) bool { return s.Reuse || !c.OneShot() }
	return !s.NoKeepAlive && slices.ContainsFunc(s.Clients.Clients(), keeps)
}

// ConnectsPerCall reports whether any client opens a connection for each call.
func (s *Scenario) ConnectsPerCall() bool {
	return s.NoKeepAlive || !s.Reuse && slices.ContainsFunc(s.Clients.Clients(), rdio.Client.OneShot)
}

// UploadURL returns where SDRTrunk sends calls.
func (s *Scenario) UploadURL() (*url.URL, error) { return ClientURL(s.URL, rdio.SDRTrunk) }

// PublicURL returns the target's address without its user, password and query, which may hold secrets.
func (s *Scenario) PublicURL() string { return address.Redact(s.URL) }

// urlError is a problem with the target's address.
func urlError(format string, args ...any) error {
	return field.Errorf("url", format, args...)
}

// parseURL reads the target's address.
func parseURL(server string) (*url.URL, error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, urlError("{url} must be like %s, not %q", address.DefaultURL, address.Redact(server))
	}
	if port, err := strconv.ParseUint(cmp.Or(u.Port(), "1"), 10, 16); err != nil || port == 0 {
		return nil, urlError("{url} has no port %s: ports are 1 to 65535", u.Port())
	}
	return u, nil
}

// UploadPathEnd is the end of every upload path.
const UploadPathEnd = "call-upload"

// ClientURL returns where a client sends calls. An address that names an upload path is taken as it is, any other gets
// the client's usual path. The path for the sidecars of trunk-recorder is a sibling of the others.
func ClientURL(server string, c rdio.Client) (*url.URL, error) {
	u, err := parseURL(server)
	if err != nil {
		return nil, err
	}
	path := strings.TrimRight(u.Path, "/")
	folder, name := path[:strings.LastIndexByte(path, '/')+1], c.Path()[strings.LastIndexByte(c.Path(), '/')+1:]
	switch {
	case !strings.HasSuffix(path, UploadPathEnd):
		path += c.Path()
	case c.Path() != rdio.UploadPath:
		path = folder + name
	}
	u.Path, u.Fragment = path, ""
	return u, nil
}

// checkEndpoint finds clients that cannot use the upload path of an address.
func checkEndpoint(u *url.URL, m Mix) error {
	if !strings.HasSuffix(strings.TrimRight(u.Path, "/"), rdio.TrunkRecorderPath) {
		return nil
	}
	for _, c := range m.Clients() {
		if c.Path() != rdio.TrunkRecorderPath {
			return urlError("{url} ends in %s, which takes calls of {clients} %v alone", rdio.TrunkRecorderPath,
				rdio.TrunkRecorderMeta)
		}
	}
	return nil
}

func isHeaderText(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0
}
