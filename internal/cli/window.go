package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rdiostress/internal/measure"
)

// windowValue is a flag for the time within which a server takes calls of a talkgroup for duplicates; 0 is as long as
// the server says.
type windowValue time.Duration

// windowAuto is what the flag is called when it is not set.
const windowAuto = "auto"

func (w *windowValue) Set(s string) error {
	if strings.EqualFold(strings.TrimSpace(s), windowAuto) {
		*w = 0
		return nil
	}
	return (*durationValue)(w).Set(s)
}

func (w *windowValue) String() string {
	if *w == 0 {
		return windowAuto
	}
	return (*durationValue)(w).String()
}

func (w *windowValue) Type() string { return (*durationValue)(w).Type() }

// useWindow has the calls dated as far apart as the server wants them, unless the user says how far. It fails if
// there are not as many such calls as the run is to send.
func (o *runOptions) useWindow() error {
	s, learned := &o.scenario, o.learned.DuplicateWindow
	switch {
	case learned == 0:
		return nil
	case s.DuplicateWindow > 0 && s.DuplicateWindow < learned:
		o.warn(fmt.Sprintf("this server takes calls of a talkgroup that begin within %v for duplicates; --duplicate-window is %v",
			learned, s.DuplicateWindow))
		return nil
	case s.DuplicateWindow > 0:
		return nil
	}
	s.DuplicateWindow = learned
	if !o.quiet {
		o.say(fmt.Sprintf(
			"rdiostress: calls of a talkgroup begin more than %v apart, as this server takes others for duplicates", learned))
	}
	if err := nameFlags(s.Validate()); err != nil {
		return usageErrorf("", "this server takes calls of a talkgroup that begin within %v for duplicates: %w", learned, err)
	}
	return nil
}

// tellWait says that the run waits for its start and how long it still does, if that takes long enough to wonder.
func (o *runOptions) tellWait(wait time.Duration) {
	const noticed = 2 * time.Second
	if wait < noticed || o.quiet {
		return
	}
	due, window := time.Now().Add(wait), o.scenario.DuplicateWindow
	words := func() string {
		left := max(time.Until(due), 0).Round(time.Second)
		return fmt.Sprintf("waiting %v: a run may have just ended, and calls that begin within %v are duplicates to this server",
			left, window)
	}
	if o.step == nil {
		o.say("rdiostress: " + words())
	}
	o.stageWords(words)
}

// prepareServer looks, before the steps of a search, what the server is, has it learn the talkgroups, and finds out how many
// calls it can be sent.
func (o *capacityOptions) prepareServer(ctx context.Context, runID string) (*measure.Priming, error) {
	clips, err := o.openSound()
	if err != nil {
		return nil, err
	}
	if err := o.reach(ctx); err != nil {
		return nil, err
	}
	o.stage("looking where the server stores calls")
	check, err := o.verify.open(ctx, o.runOptions)
	if err != nil {
		return nil, err
	}
	defer check.end()
	if err := o.guardUnknown(ctx, check, runID, clips); err != nil {
		return nil, err
	}
	o.stage("looking whether the server takes calls")
	if err := runPreflight(ctx, o.runOptions, runID, clips); err != nil {
		return nil, err
	}
	priming, err := o.prime(ctx, check, runID, clips)
	o.findMost() // with the talkgroups that are left
	return priming, err
}

// findMost finds out at most how many calls per second a step can send that are no duplicates of each other.
func (o *capacityOptions) findMost() {
	s := o.scenario
	// The steps share one calendar, made for the whole search.
	s.Rate, s.Duration = float64(o.start), time.Duration(o.maxTime)+time.Duration(o.hold)
	o.most = s.MostPerSecond()
	if o.maxRate > 0 {
		o.most = min(o.most, float64(o.maxRate))
	}
}
