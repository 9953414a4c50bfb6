package scenario

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/address"
	"rdiostress/internal/measure"
	"rdiostress/internal/radio"
	"rdiostress/internal/schedule"
	"rdiostress/internal/units"
)

// Radio describes the radio networks that the calls come from.
type Radio struct {
	Zipf  float64 // exponent of the talkgroups' popularity; 0 is even
	Units int     // radios of each talkgroup; 0 is 1
	Sites int     // of each system; 0 is 1

	Preset         string       // name of the preset that the figures are from, if any
	Day            schedule.Day // how the load follows a day; open model only
	DuplicateRatio float64      // share of the calls that are intentional duplicates
	Prime          bool         // send one call of each talkgroup first

	Milliseconds bool // the server is known to read the milliseconds that some clients send

	// calls of a talkgroup that begin within it are duplicates to the server; 0 is the window of rdio-scanner
	DuplicateWindow time.Duration
	Generator       GeneratorID // which of several generators that send at the same time this is
}

// Defaults of the radio networks: radios as in a county with 2,800 of them and some hundred talkgroups (Butler County,
// Ohio, 2010). The number of sites is an estimate.
const (
	DefaultUnits = 20
	DefaultSites = 4
	// DefaultWindow is the duplicate window of rdio-scanner. Calls exactly this far apart are duplicates.
	DefaultWindow = 500 * time.Millisecond

	maxZipf   = 4
	maxUnits  = 100_000
	maxSites  = 10_000
	maxPairs  = 4_000_000 // 8 bytes each
	maxWindow = time.Hour
	maxRatio  = 0.5
	maxScale  = 100_000
)

// validateRadio checks the radio networks.
func (s *Scenario) validateRadio(p *problems) {
	p.check(len(s.Systems) == 0, "systems", "{systems} names none")
	p.check(len(s.Talkgroups) == 0, "talkgroups", "{talkgroups} names none")
	p.check(len(s.Systems)*len(s.Talkgroups) > maxPairs, "systems",
		"{systems} and {talkgroups} make %d pairs: there can be %d",
		len(s.Systems)*len(s.Talkgroups), maxPairs)
	p.check(!(s.Zipf >= 0 && s.Zipf <= maxZipf), "zipf", "{zipf} must be 0 to %d, not %g", maxZipf, s.Zipf)
	p.check(s.Units < 0 || s.Units > maxUnits, "units", "{units} must be 1 to %d, not %d", maxUnits, s.Units)
	p.check(s.Sites < 0 || s.Sites > maxSites, "sites", "{sites} must be 1 to %d, not %d", maxSites, s.Sites)
	p.check(s.DuplicateWindow < 0 || s.DuplicateWindow > maxWindow, "duplicate_window",
		"{duplicate_window} must be 0 to %v, not %v", maxWindow, s.DuplicateWindow)
	p.check(!(s.DuplicateRatio >= 0 && s.DuplicateRatio <= maxRatio), "duplicate_ratio",
		"{duplicate_ratio} must be 0 to %g, not %g", maxRatio, s.DuplicateRatio)
	p.check(s.Day.On && (!s.Open() || len(s.Stages) > 0 || s.Replay.On()), "day_curve",
		"{day_curve} needs a {rate}, {busy_hour} or {preset}, for the busiest hour")
	p.check(!(s.Day.SpeedUp() > 0 && s.Day.SpeedUp() <= maxScale), "time_scale",
		"{time_scale} must be more than 0 and at most %d, not %g", maxScale, s.Day.Scale)
	p.check(s.Day.On && s.Duration.Hours()*s.Day.SpeedUp() > schedule.MaxDayHours, "day_curve",
		"{day_curve}: the run is %s days of the curve: there can be %d",
		units.Whole(s.Duration.Hours()*s.Day.SpeedUp()/24), schedule.MaxDayHours/24)
	if s.Replay.On() {
		s.validateReplay(p)
	}
}

// validateReplay checks what cannot be combined with recorded calls.
func (s *Scenario) validateReplay(p *problems) {
	p.check(s.Rate > 0 || len(s.Stages) > 0, "replay", "{replay} goes at its own pace: leave out {rate}, "+
		"{busy_hour}, {preset} and {stages}, and see {speed}")
	p.check(s.RampUp > 0 || s.WarmUp > 0 || s.Guide, "replay",
		"{replay} has no {ramp_up}, {warm_up} or {guide}: all of it is scored")
	p.check(s.DuplicateRatio > 0 || s.AudioSize.Max > 0 || s.AudioDir != "", "replay",
		"{replay} sends what was recorded: leave out {duplicate_ratio}, {audio_size} and {audio_dir}")
	p.check(s.Prime, "prime", "{prime} is not for {replay}: which talkgroups it has shows only as it goes")
	s.Replay.validate(p, s.Length())
}

// Step returns the least distance between the dates of two calls of a talkgroup. It is longer than the server's
// duplicate window: a whole number of seconds, or of fractions of a second if the server reads milliseconds and all
// clients send them. An intentional duplicate begins up to MaxDuplicateDelay after its original if milliseconds count,
// and the next call must not be a duplicate of it either.
func (s *Scenario) Step() time.Duration {
	exact := 0
	clients := s.Clients.Clients()
	for _, c := range clients {
		if c.Milliseconds() {
			exact++
		}
	}
	window, grain := s.Window(), time.Second
	if exact > 0 && s.DuplicateRatio > 0 {
		window += schedule.MaxDuplicateDelay
	}
	if s.Milliseconds && exact == len(clients) {
		grain = exactGrain
	}
	return window.Truncate(grain) + grain
}

// UntilStep returns how long to wait until the dates of a new run cannot be those of a run that has just ended: until
// the next second, or with a longer duplicate window, up to that window. It is 0 if nobody would wait so long.
func (s *Scenario) UntilStep(now time.Time) time.Duration {
	const patience = 30 * time.Second
	step := s.Step()
	if step > patience {
		return 0
	}
	return now.Truncate(step).Add(step).Sub(now)
}

// exactGrain is the unit of dates in milliseconds. With the window of rdio-scanner, the step is then 625 ms.
const exactGrain = 125 * time.Millisecond

func (r *Radio) Window() time.Duration {
	if r.DuplicateWindow == 0 {
		return DefaultWindow
	}
	return r.DuplicateWindow
}

// Network returns the radio networks of the run.
func (s *Scenario) Network() *radio.Network {
	return radio.NewNetwork(radio.Options{
		Systems: s.Systems, Talkgroups: s.Talkgroups, Zipf: s.Zipf, Units: max(s.Units, 1), Sites: max(s.Sites, 1),
	})
}

// recordRadio describes the radio networks in a result.
func (s *Scenario) recordRadio(m *measure.Scenario) {
	m.Systems, m.Talkgroups = s.Systems.String(), s.Talkgroups.String()
	m.Zipf, m.Units, m.Sites = s.Zipf, max(s.Units, 1), max(s.Sites, 1)
	m.Preset, m.DuplicateRatio, m.Prime = s.Preset, s.DuplicateRatio, s.Prime
	if s.Day.On {
		m.DayCurve, m.TimeScale = schedule.FormatTimeOfDay(s.Day.Start), s.Day.SpeedUp()
	}
	if s.Replay.On() {
		m.Replay = &measure.ReplayOrder{
			Folder: address.RedactPlace(s.Replay.Place), Mask: s.Replay.Mask, Period: s.Replay.Period,
			Speed: s.Replay.Speed, Loop: s.Replay.Loop, KeepSystems: s.Replay.KeepSystems,
		}
		m.Talkgroups, m.Zipf = measure.AsRecorded, 0
		if s.Replay.KeepSystems { // Systems has only that of the call by which the server is tried
			m.Systems = measure.AsRecorded
		}
	}
	m.DuplicateWindowS, m.Generator = s.Window().Seconds(), s.Generator.String()
}

// GeneratorID says which of several generators this is. The zero value is a generator that is alone.
type GeneratorID struct {
	Number int // from 1
	Of     int
}

// maxGenerators is the largest number of generators that may send at the same time. Each has a part of the available
// dates.
const maxGenerators = 64

// ParseGenerator reads a text such as 2/4.
func ParseGenerator(text string) (GeneratorID, error) {
	number, of, _ := strings.Cut(strings.TrimSpace(text), "/")
	k, err1 := strconv.Atoi(number)
	n, err2 := strconv.Atoi(of)
	if err1 != nil || err2 != nil || k < 1 || k > n || n > maxGenerators {
		return GeneratorID{}, fmt.Errorf("%q must be such as 2/4, for the second of four, up to %d", text,
			maxGenerators)
	}
	return GeneratorID{k, n}, nil
}

// String writes the ID in the form that ParseGenerator reads. It is empty for a generator that is alone.
func (g GeneratorID) String() string {
	if g.Of == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", g.Number, g.Of)
}
