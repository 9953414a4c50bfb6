package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/load"
	"rdiostress/internal/needs"
)

// setUp is a prober of a server whose settings can be read, or not.
type setUp struct {
	delivery.Prober
	converts bool
	err      error
}

func (s setUp) Talkgroups(context.Context, func(system, talkgroup int64)) error { return s.err }

func (s setUp) Settings(context.Context) (delivery.Settings, error) {
	return delivery.Settings{ConvertsAudio: &s.converts}, s.err
}

func TestAudioOptions(t *testing.T) {
	needs.Program(t, "ffmpeg", "ffmpeg")
	o := &runOptions{}
	o.verify.audio = true
	clients, err := load.ParseMix("voxcall")
	if err != nil {
		t.Fatal(err)
	}
	o.scenario = load.Scenario{
		Systems: load.IDs{11}, Talkgroups: load.IDs{1001}, Duration: time.Second, Seed: 7, Clients: clients,
	}
	sources, err := load.NewSources(o.scenario.Clients, 0)
	if err != nil {
		t.Fatal(err)
	}
	traffic := load.NewTraffic(&o.scenario, "abc", time.Now(), sources)
	for _, converts := range []bool{true, false} {
		got := (&check{prober: setUp{converts: converts}}).audioOptions(t.Context(), o, traffic)
		if got.ConvertsAudio == nil || *got.ConvertsAudio != converts || got.Decoder == nil || got.NotDecoded != "" {
			t.Errorf("of a server that converts, %t: %+v", converts, got)
		}
		sent, ok := got.Sent(3)
		if file := sent.Audio(); !ok || sent.Ext != ".mp3" || int64(len(file)) != sent.Size {
			t.Errorf("call 3 was sent as %d bytes of %s, and is made as %d", sent.Size, sent.Ext, len(file))
		}
	}
	for what, p := range map[string]delivery.Prober{
		"unreadable": setUp{err: errors.New("no such table")}, "without settings": struct{ delivery.Prober }{},
	} {
		if got := (&check{prober: p}).audioOptions(t.Context(), o, traffic); got.ConvertsAudio != nil {
			t.Errorf("%s: %t", what, *got.ConvertsAudio)
		}
	}
	t.Setenv("PATH", t.TempDir())
	c := &check{prober: setUp{}}
	if got := c.audioOptions(t.Context(), o, traffic); got.Decoder != nil || got.NotDecoded != "ffmpeg is not installed here" {
		t.Errorf("without ffmpeg: %+v", got)
	}
	o.step = &stepRun{}
	if got := c.audioOptions(t.Context(), o, traffic); got.Decoder != nil || got.NotDecoded == "" || got.Sent == nil {
		t.Errorf("in a search: %+v", got)
	}
	o.verify.audio = false
	if got := c.audioOptions(t.Context(), o, traffic); got.Sent != nil || got.NotCompared != "--verify-audio=false" {
		t.Errorf("not asked for: %+v", got)
	}
}
