package trial

import (
	"context"
	"fmt"

	"rdiostress/internal/address"
	"rdiostress/internal/replay"
	"rdiostress/internal/replay/location"
	"rdiostress/internal/scenario"
)

// CompleteReplay fills in what a scenario leaves to its recordings: how many calls there are, how long they took, and,
// if the scenario has no duration and does not repeat them, how long sending them once takes. The talkgroup becomes
// that of a recorded call, which the preflight uses. The error is a *[ReplayError].
func CompleteReplay(s *scenario.Scenario, archive *replay.Archive) error {
	at := &s.Replay
	at.Recordings, at.Span = archive.Found(), archive.Span()
	if s.Duration == 0 && !at.Loop && at.Speed > 0 {
		s.Duration = at.Length()
	}
	c, err := archive.First()
	if err != nil {
		return &ReplayError{fmt.Errorf("%s: %w", address.RedactPlace(at.Place), err)}
	}
	s.UseFirst(&c)
	return nil
}

// openRecordings opens the recordings of a replay, unless they are open already, and completes the plan with their
// properties.
func (r *run) openRecordings(ctx context.Context) (err error) {
	s := &r.plan.Scenario
	if s.Replay.Place == "" {
		return nil
	}
	if r.env.Recordings == nil {
		period, err := replay.ParsePeriod(s.Replay.Period)
		if err != nil {
			return &ReplayError{err}
		}
		recordings := location.Recordings{Place: s.Replay.Place, Mask: s.Replay.Mask, Period: period}
		if r.recordings, err = recordings.Open(ctx); err != nil {
			return &ReplayError{err}
		}
		r.env.Recordings = r.recordings
	}
	if err := CompleteReplay(s, r.env.Recordings); err != nil {
		return err
	}
	return r.plan.Validate() // which can only be validated now as a replay
}
