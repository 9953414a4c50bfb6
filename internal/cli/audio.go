package cli

import (
	"rdiostress/internal/scenario"

	"github.com/spf13/pflag"
)

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
