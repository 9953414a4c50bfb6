package verification

import (
	"context"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/api"
	"rdiostress/internal/measure"
)

// Transcripts says whether it is measured when calls are transcribed.
type Transcripts string

// The ways to measure transcripts.
const (
	TranscriptsAuto    Transcripts = "auto"    // where the server has them
	TranscriptsOff     Transcripts = "off"     // also if empty
	TranscriptsRequire Transcripts = "require" // and the run counts as not made if it has none
)

func (t Transcripts) on() bool { return t == TranscriptsAuto || t == TranscriptsRequire }

// followTranscripts begins to measure transcripts, if the plan asks for that.
func (v *Verification) followTranscripts(ctx context.Context) {
	if !v.plan.Transcripts.on() {
		return
	}
	o := delivery.TranscriptOptions{
		Timeout: v.plan.TranscriptsMax, Required: v.plan.Transcripts == TranscriptsRequire,
	}
	switch client := v.server.Client; {
	case v.server.Several: // of which another one may answer each time
		o.NoClock = "each of several servers dates transcripts by its own clock"
	case client != nil:
		o.Clock = func(ctx context.Context, before *delivery.Offset) (delivery.Offset, error) {
			return api.CompareClock(ctx, client, v.server.URL, before)
		}
	}
	v.transcripts = delivery.FollowTranscripts(ctx, v.watch, o)
}

// FinishTranscripts waits for the transcripts of the calls, after Finish, and returns when they were made; nil if that
// is not measured. storageUnread is why it is not known what is stored; empty if it is. The wait ends when ctx ends.
func (v *Verification) FinishTranscripts(
	ctx context.Context, ended time.Duration, storageUnread string,
) *measure.Transcription {
	switch {
	case !v.plan.Transcripts.on():
		return nil
	case v.transcripts == nil || storageUnread != "":
		if v.transcripts != nil {
			v.transcripts.Abandon()
		}
		return &measure.Transcription{
			Method: measure.MethodNone, Absent: "it is not known which calls were stored: " + storageUnread,
		}
	}
	m := v.transcripts.Finish(ctx, ended)
	return &m
}

// TranscriptProgress returns how far the transcripts are; nil if they are not measured. It is safe for concurrent use.
func (v *Verification) TranscriptProgress() *delivery.TranscriptProgress {
	if v.transcripts == nil {
		return nil
	}
	p := v.transcripts.Progress()
	return &p
}

// FillTranscripts writes the transcripts to the points of a series, after FinishTranscripts. It returns the most calls
// that waited at the end of a point.
func (v *Verification) FillTranscripts(points []measure.Point) (most uint64) {
	if v.transcripts == nil {
		return 0
	}
	return v.transcripts.FillSeries(points)
}
