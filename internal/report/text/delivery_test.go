package text

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/measure"
)

func TestAudioWord(t *testing.T) {
	n := func(v uint64) *uint64 { return &v }
	for _, tt := range []struct {
		d    measure.Delivery
		want string
	}{
		{
			measure.Delivery{AudioCompared: n(3), AudioReencoded: n(0), AudioConverted: n(0)},
			"; audio compared in 3 calls",
		},
		{
			measure.Delivery{
				AudioCompared: n(1), AudioConverted: n(2), AudioConvertedChecked: n(2),
				AudioDecoded: n(2),
			},
			"; audio compared in 1 call; the server converted the audio of 2 calls, of which 2 were checked and 2 " +
				"decoded",
		},
		{
			measure.Delivery{
				AudioConverted: n(5000), AudioConvertedChecked: n(500), AudioDecoded: n(20),
				AudioNotCompared: "many",
			},
			"; the server converted the audio of 5,000 calls, of which 500 were checked and 20 decoded; not " +
				"compared: many",
		},
		{
			measure.Delivery{
				AudioConverted: n(1), AudioConvertedChecked: n(1), AudioDecoded: n(0),
				AudioNotDecoded: "no ffmpeg",
			},
			"; the server converted the audio of 1 call, of which 1 was checked and none decoded (no ffmpeg)",
		},
		{
			measure.Delivery{AudioConverted: n(7), AudioConvertedChecked: n(0), AudioNotCompared: "it cannot be read"},
			"; the server converted the audio of 7 calls, of which none was checked; not compared: it cannot be read",
		},
		{measure.Delivery{AudioCompared: n(0), AudioNotCompared: "a\x1b[31m file\n"}, "; audio not compared: a file"},
		{
			measure.Delivery{AudioReencoded: n(2)},
			"; the server converted the audio of 2 calls, of which none was checked",
		},
		{measure.Delivery{}, "; audio not compared"},
	} {
		if diff := cmp.Diff(tt.want, audioText(tt.d)); diff != "" {
			t.Error(diff)
		}
	}
}
