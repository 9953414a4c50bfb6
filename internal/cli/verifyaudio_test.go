package cli

import (
	"fmt"
	"testing"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/discover"
	"rdiostress/internal/scenario"
	"rdiostress/internal/testenv"
	"rdiostress/internal/traffic"
)

// setUp is a prober of a server whose audio is in folders.
type setUp struct {
	delivery.Prober
	folders *[]string
}

func (s setUp) AudioFolders(folders ...string) { *s.folders = folders }

func TestAudioOptions(t *testing.T) {
	testenv.Program(t, "ffmpeg", "ffmpeg")
	o := &runOptions{}
	o.verify.audio = true
	clients, err := scenario.ParseMix("voxcall")
	if err != nil {
		t.Fatal(err)
	}
	o.scenario = scenario.Scenario{
		Systems: scenario.IDs{11}, Talkgroups: scenario.IDs{1001}, Duration: time.Second, Seed: 7, Clients: clients,
	}
	sources, err := traffic.NewSources(o.scenario.Clients, 0)
	if err != nil {
		t.Fatal(err)
	}
	traffic := traffic.New(&o.scenario, traffic.Options{RunID: "abc", Start: time.Now(), Clips: sources})
	got := (&check{prober: setUp{}}).audioOptions(t.Context(), o, traffic)
	if got.Decoder == nil || got.NotDecoded != "" {
		t.Errorf("%+v", got)
	}
	sent, ok := got.Sent(3)
	if file := sent.Audio(); !ok || sent.Ext != ".mp3" || int64(len(file)) != sent.Size {
		t.Errorf("call 3 was sent as %d bytes of %s, and is made as %d", sent.Size, sent.Ext, len(file))
	}
	for want, found := range map[string]discover.Found{
		"[/audio /server]": {AudioDir: "/audio", Dir: "/server"}, "[/server]": {Dir: "/server"}, "[]": {},
	} {
		var folders []string
		(&check{prober: setUp{folders: &folders}, found: &found}).audioOptions(t.Context(), o, traffic)
		if got := fmt.Sprint(folders); got != want {
			t.Errorf("audio is looked for in %s, want %s", got, want)
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
