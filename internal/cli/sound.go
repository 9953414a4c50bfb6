package cli

import (
	"fmt"

	"github.com/spf13/pflag"

	"rdiostress/internal/audio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/traffic"
)

// soundOptions says what audio the calls have.
type soundOptions struct {
	dir string
}

func (o *soundOptions) addFlags(f *pflag.FlagSet, s *scenario.Scenario) {
	f.Var(textVar(&s.AudioSize, scenario.ParseSizeRange, "size"), "audio-size",
		"bytes of audio in each call, such as 16KB, or a range such as 1KB-1MB")
	f.StringVar(&o.dir, "audio-dir", "",
		"take the audio at random from the MP3, M4A and WAV files in this folder instead of built-in speech")
}

// complete puts the options into a scenario.
func (o *soundOptions) complete(s *scenario.Scenario, flags *pflag.FlagSet) error {
	s.AudioDir = o.dir
	switch {
	case flags.Changed("audio-dir") && o.dir == "":
		return fmt.Errorf("--audio-dir names no folder")
	case o.dir != "" && flags.Changed("audio-size"):
		return fmt.Errorf("--audio-dir and --audio-size exclude each other: recordings are as long as they are")
	default:
		return nil
	}
}

// maxNamed is how many files are named that cannot be used; a folder may have thousands.
const maxNamed = 10

// openSound lays out what the calls will have, and tells of recordings that it does not use.
func (o *runOptions) openSound() (*traffic.Sources, error) {
	s := &o.scenario
	if s.AudioDir == "" {
		return traffic.NewSources(s.Clients, s.AudioSize.Max)
	}
	recordings, err := audio.ReadRecordings(s.AudioDir, audio.MaxRecordings)
	if err != nil {
		return nil, usageErrorf("", "--audio-dir %w", err)
	}
	for i, bad := range recordings.Bad {
		if i == maxNamed {
			o.warn(fmt.Sprintf("and %d more", len(recordings.Bad)-maxNamed))
			break
		}
		o.warn(bad.Error())
	}
	if recordings.Incomplete() {
		o.warn(s.AudioDir + ": " + recordings.String())
	}
	return traffic.RecordedSources(s.Clients, recordings), nil
}
