package cli

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"rdiostress/internal/mischief"
	"rdiostress/internal/nearest"
	"rdiostress/internal/radio"
	"rdiostress/internal/replay"
	"rdiostress/internal/scenario"
	"rdiostress/internal/schedule"
	"rdiostress/internal/trial"
)

// trafficOptions say what calls are sent: from which radio world, when over a day, and what is special about some.
type trafficOptions struct {
	systems, talkgroups scenario.IDs
	archive             *replay.Archive // of replay
	restoreGC           func()          // as it was before the archive was opened
	window              windowValue
	preset, prime       string
	primeMax            durationValue
	named               bool // the user has named talkgroups, which are never left out
	busyHour            float64
	day                 timeOfDayValue
	replay              string
}

// defaultTalkgroups are few, since servers that have to learn talkgroups take longer for each than for the one before
// it.
const defaultTalkgroups = 100

func (o *trafficOptions) addFlags(f *pflag.FlagSet, s *scenario.Scenario) {
	o.systems, o.talkgroups = scenario.IDs{900}, firstTalkgroups(defaultTalkgroups)
	o.primeMax = durationValue(time.Minute)
	f.StringVar(&o.preset, "preset", "",
		"send the busy hour of a network of this size: sets rate, talkgroups, units and sites")
	f.Float64Var(&o.busyHour, "busy-hour", 0, "calls in the busiest hour, instead of --rate")
	f.Var(&o.day, "day-curve",
		"vary the rate over a day that begins at this time, such as 06:30; --rate is that of the busiest hour")
	f.Float64Var(&s.Day.Scale, "time-scale", 1, "pass the day of --day-curve faster than a real day by this factor")
	f.Var(textVar(&o.systems, scenario.ParseIDs, "numbers"), "systems", "systems of the calls, such as 11,12")
	f.Var(textVar(&o.talkgroups, scenario.ParseIDs, "numbers"), "talkgroups",
		"talkgroups of each system, busiest first, such as 1001-1400,2001")
	f.Float64Var(&s.Zipf, "zipf", radio.ZipfExponent,
		"how strongly calls favor the first talkgroups (Zipf exponent); 0 favors none")
	f.IntVar(&s.Units, "units", scenario.DefaultUnits, "radios in each talkgroup")
	f.IntVar(&s.Sites, "sites", scenario.DefaultSites, "sites in each system")
	f.Uint64Var(&s.Seed, "seed", 1, "the same seed makes the same calls at the same random times")
	f.StringVar(&o.prime, "prime", string(trial.PrimeAuto),
		"before the run, send one call of each talkgroup that is new to the server; auto does so "+
			"if the server learns talkgroups from their first calls")
	f.Var(&o.primeMax, "prime-max",
		"time limit for --prime; the run then leaves out default talkgroups that the server has not learned")
	f.Float64Var(&s.DuplicateRatio, "duplicate-ratio", 0,
		"share of the calls that are duplicates on purpose, such as 0.05; not scored")
	f.Var(&o.window, "duplicate-window",
		"date the calls of a talkgroup further apart than this, so that the server does not take them "+
			"for duplicates; auto asks the server")
	f.Var(textVar(&s.Generator, scenario.ParseGenerator, "k/n"), "generator",
		"with n generators on one server, the number k of this one, such as 2/4; keeps their calls from being "+
			"duplicates")
	f.StringVar(&o.replay, "replay", "",
		"send recorded calls: a folder of trunk-recorder, SDRTrunk or DSDPlus, a .csv or .jsonl list, or the "+
			"database of rdio-scanner")
	f.StringVar(&s.Replay.Mask, "replay-mask", "",
		"what the names in the folder of --replay say, such as #DATE_#TIME_#SYS_#TG")
	f.StringVar(&s.Replay.Period, "replay-period", "",
		"send only what --replay has of this time: a day, from..to, or the last such as 7d")
	f.Float64Var(&s.Replay.Speed, "speed", 1, "send --replay faster than recorded by this factor")
	f.BoolVar(&s.Replay.Loop, "loop", false, "repeat --replay until --duration is over")
}

// complete puts the flags' values into the scenario.
func (o *trafficOptions) complete(s *scenario.Scenario, flags *pflag.FlagSet) error {
	s.Systems, s.Talkgroups = o.systems, o.talkgroups
	s.DuplicateWindow = time.Duration(o.window)
	s.Day.On, s.Day.Start = flags.Changed("day-curve"), time.Duration(o.day)
	o.named = slices.ContainsFunc([]string{"systems", "talkgroups", "preset", "replay"}, flags.Changed)
	var errs problems
	given := flags.Changed
	errs.check(!slices.Contains([]trial.Priming{trial.PrimeAuto, trial.PrimeOn, trial.PrimeOff},
		trial.Priming(o.prime)),
		"{prime} must be on, off or auto, not %q", o.prime)
	errs.check(o.primeMax <= 0, "{prime-max} must be more than 0; {prime} off leaves priming out")
	errs.check(given("busy-hour") && (given("rate") || given("stages")),
		"{busy-hour}, {rate} and {stages} exclude each other")
	errs.check(given("busy-hour") && !(o.busyHour > 0 && o.busyHour < 1e12), "{busy-hour} must be more than 0, not %g",
		o.busyHour)
	errs.check(given("time-scale") && !s.Day.On, "{time-scale} goes with {day-curve}")
	for _, name := range []string{"speed", "loop", "replay-mask", "replay-period"} {
		errs.check(given(name) && o.replay == "", "{"+name+"} goes with {replay}")
	}
	errs.check(o.replay != "" && given("mischief"), "{replay} and {mischief} exclude each other")
	if o.busyHour > 0 {
		s.Rate = o.busyHour / 3600
	}
	if err := o.applyPreset(s, flags); err != nil {
		errs = append(errs, err)
	}
	if o.replay != "" {
		errs = append(errs, o.openReplay(s, flags))
	}
	return errs.join()
}

// applyPreset sets what no other flag does to what a network of a size has.
func (o *trafficOptions) applyPreset(s *scenario.Scenario, flags *pflag.FlagSet) error {
	if o.preset == "" {
		return nil
	}
	p, err := scenario.FindPreset(o.preset)
	if err != nil {
		return problemf("{preset}: %w", err)
	}
	s.Preset = p.Name
	if s.Rate == 0 && len(s.Stages) == 0 && !s.Guide {
		s.Rate = p.Rate
		if !flags.Changed("arrival") {
			s.Arrival = scenario.Poisson
		}
	}
	if !flags.Changed("talkgroups") {
		s.Talkgroups = firstTalkgroups(p.Talkgroups)
	}
	if !flags.Changed("units") {
		s.Units = p.Units
	}
	if !flags.Changed("sites") {
		s.Sites = p.Sites
	}
	return nil
}

// replayError is a folder whose recordings cannot be sent.
type replayError struct{ error }

func (e *replayError) Unwrap() error { return e.error }

// replayHint says what could.
const replayHint = "--replay sends recordings of trunk-recorder (audio with a .json file beside it), SDRTrunk or " +
	"DSDPlus, of a list, or of a database; --replay-mask takes others by their names, --audio-dir any MP3, M4A and " +
	"WAV files"

// openReplay opens the recordings. Without --duration or --loop, all of them are sent once.
func (o *trafficOptions) openReplay(s *scenario.Scenario, flags *pflag.FlagSet) error {
	recordings, err := findRecordings(o.replay, s.Replay.Mask, s.Replay.Period)
	if err != nil {
		return err
	}
	o.restoreGC = collectOften()
	ctx, stop := beforeRun()
	defer stop()
	archive, err := openRecordings(ctx, recordings, s.Replay.Period)
	if err != nil && ctx.Err() != nil {
		return interruptedOr(ctx, err)
	}
	if period := (*flagProblem)(nil); errors.As(err, &period) {
		return err
	}
	if err != nil {
		return &replayError{problemf("{replay}: %w", err)}
	}
	o.archive = archive
	s.Replay.Place, s.Replay.KeepSystems = o.replay, !flags.Changed("systems")
	if !flags.Changed("duration") && !s.Replay.Loop {
		s.Duration = 0 // that of the recordings
	}
	if err := trial.CompleteReplay(s, archive); err != nil {
		return &replayError{problemf("{replay} %w", err)}
	}
	return nil
}

// close closes what the recordings come from, if any are sent.
func (o *trafficOptions) close() {
	if o.archive != nil {
		_ = o.archive.Close() // nothing was written
	}
	if o.restoreGC != nil {
		o.restoreGC()
	}
	o.archive, o.restoreGC = nil, nil
}

// priming is how the server is primed, as the flags say.
func (o *trafficOptions) priming() trial.PrimingPlan {
	return trial.PrimingPlan{Mode: trial.Priming(o.prime), Max: time.Duration(o.primeMax), KeepTalkgroups: o.named}
}

// firstTalkgroups are n from 1001 on.
func firstTalkgroups(n int) scenario.IDs {
	ids := make(scenario.IDs, n)
	for i := range ids {
		ids[i] = 1001 + int64(i)
	}
	return ids
}

// timeOfDayValue is a flag for a time of day.
type timeOfDayValue time.Duration

func (v *timeOfDayValue) Set(s string) error {
	t, err := schedule.ParseTimeOfDay(s)
	*v = timeOfDayValue(t)
	return err
}

func (v *timeOfDayValue) String() string {
	if *v == 0 {
		return ""
	}
	return schedule.FormatTimeOfDay(time.Duration(*v))
}

func (v *timeOfDayValue) Type() string { return "time" }

// audioOptions says what audio the calls have.
type audioOptions struct {
	dir string
}

func (o *audioOptions) addFlags(f *pflag.FlagSet, s *scenario.Scenario) {
	f.Var(textVar(&s.AudioSize, scenario.ParseSizeRange, "size"), "audio-size",
		"bytes of audio in each call, such as 16KB, or a range such as 1KB-1MB")
	f.StringVar(&o.dir, "audio-dir", "",
		"take the audio at random from the MP3, M4A and WAV files in this folder instead of built-in speech")
}

// complete puts the options into a scenario.
func (o *audioOptions) complete(s *scenario.Scenario, flags *pflag.FlagSet) error {
	s.AudioDir = o.dir
	switch {
	case flags.Changed("audio-dir") && o.dir == "":
		return problemf("{audio-dir} names no folder")
	case o.dir != "" && flags.Changed("audio-size"):
		return problemf("{audio-dir} and {audio-size} exclude each other: recordings are as long as they are")
	default:
		return nil
	}
}

// mischiefValue is a flag for a mix of misbehaviour.
type mischiefValue mischief.Mix

func (v *mischiefValue) Set(s string) error {
	mix, err := mischief.ParseMix(s)
	var unknown *mischief.UnknownKindError
	if errors.As(err, &unknown) {
		harmless, hazards := mischief.Names()
		if near := nearest.Name(unknown.Name, append(harmless, hazards...)); near != "" {
			return fmt.Errorf("there is no mischief %q; did you mean %s?", unknown.Name, near)
		}
	}
	*v = mischiefValue(mix)
	return err
}

func (v *mischiefValue) String() string { return mischief.Mix(*v).String() }

func (v *mischiefValue) Type() string { return "kind=percent" }

// addMischiefFlag adds the flag that asks for misbehaving clients.
func (o *runOptions) addMischiefFlag(f *pflag.FlagSet) {
	f.Var(&o.mischief, "mischief",
		"also send bad requests, in percent of the calls, such as truncated=1,wrong-key=0.5 or all=1; "+
			"docs/protocol.md lists the kinds")
}

// checkMischief finds what excludes mischief.
func (o *runOptions) checkMischief() error {
	if len(o.mischief) > 0 && o.scenario.Guide {
		return problemf("{mischief} and {profile} guide exclude each other: " +
			"the guide's batches have no mischief in them")
	}
	return nil
}
