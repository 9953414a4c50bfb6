package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/random"
	"rdiostress/internal/server/transcribe"
	"rdiostress/internal/share"
	"rdiostress/internal/units"
)

// simulation is what the text of a simulator says.
type simulation struct {
	factor float64
	fail   share.Share
}

// simulator takes the time of speech recognition.
type simulator struct {
	simulation
	timeout time.Duration
}

// simulatorSeed is any number: which calls fail is the same everywhere.
const simulatorSeed = 19

var errSimulated = errors.New("simulated failure")

// Name implements transcribe.Engine.
func (s *simulator) Name() string { return "simulate:" + strconv.FormatFloat(s.factor, 'g', -1, 64) }

// Transcribe implements transcribe.Engine.
func (s *simulator) Transcribe(ctx context.Context, a transcribe.Audio) (transcribe.Result, error) {
	ctx, cancel := limit(ctx, s.timeout)
	defer cancel()
	if err := discard(ctx, a); err != nil {
		return transcribe.Result{}, failure(ctx, s.Name(), err)
	}
	length := duration(a)
	if err := clock.Sleep(ctx, time.Duration(float64(length)*s.factor)); err != nil {
		return transcribe.Result{}, failure(ctx, s.Name(), err)
	}
	if s.fails(a.CallID) {
		return transcribe.Result{}, fmt.Errorf("%s: %w", s.Name(), errSimulated)
	}
	text := fmt.Sprintf("simulated transcript of call %d, which plays for %s",
		a.CallID, units.Trim(units.Seconds(length.Seconds())))
	return transcribe.Result{Text: text, Language: "en"}, nil
}

// fails reports whether a call is of the share that fails.
func (s *simulator) fails(id int64) bool {
	return random.Uniform(random.Hash(simulatorSeed, uint64(id))) <= float64(s.fail)
}

// discard reads the audio, as a model would.
func discard(ctx context.Context, a transcribe.Audio) error {
	r, err := a.Open(ctx)
	if err != nil {
		return fmt.Errorf("cannot open the audio: %w", err)
	}
	n, err := io.Copy(io.Discard, r)
	return errors.Join(checkSize(a, n, err), r.Close())
}
