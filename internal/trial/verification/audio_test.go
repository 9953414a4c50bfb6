package verification

import (
	"fmt"
	"testing"

	"rdiostress/internal/delivery"
	"rdiostress/internal/discover"
	"rdiostress/internal/testenv"
)

// setUp returns a prober of a server whose audio is in folders.
type setUp struct {
	delivery.Prober
	folders *[]string
}

func (s setUp) AudioFolders(folders ...string) { *s.folders = folders }

func TestAudioOptions(t *testing.T) {
	testenv.Program(t, "ffmpeg", "ffmpeg")
	sent := func(n uint64) (delivery.Sent, bool) { return delivery.Sent{Ext: ".mp3", Size: int64(n)}, true }
	got := (&Verification{place: setUp{}}).audioOptions(sent)
	if got.Decoder == nil || got.NotDecoded != "" {
		t.Errorf("%+v", got)
	}
	if audio, ok := got.Sent(3); !ok || audio.Size != 3 {
		t.Errorf("%+v", audio)
	}
	for want, found := range map[string]discover.Found{
		"[/audio /server]": {AudioDir: "/audio", Dir: "/server"}, "[/server]": {Dir: "/server"}, "[]": {},
	} {
		var folders []string
		(&Verification{place: setUp{folders: &folders}, process: &found}).audioOptions(sent)
		if got := fmt.Sprint(folders); got != want {
			t.Errorf("audio is looked for in %s, want %s", got, want)
		}
	}
	t.Setenv("PATH", t.TempDir())
	v := &Verification{place: setUp{}}
	if got := v.audioOptions(sent); got.Decoder != nil || got.NotDecoded != "ffmpeg is not installed here" {
		t.Errorf("without ffmpeg: %+v", got)
	}
	v.plan.NotDecoded = "there is no time"
	if got := v.audioOptions(sent); got.Decoder != nil || got.NotDecoded != "there is no time" || got.Sent == nil {
		t.Errorf("not to be decoded: %+v", got)
	}
	v.plan.NotCompared = "nobody asked"
	if got := v.audioOptions(sent); got.Sent != nil || got.NotCompared != "nobody asked" {
		t.Errorf("not to be compared: %+v", got)
	}
}
