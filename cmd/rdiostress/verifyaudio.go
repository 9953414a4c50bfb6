package main

import (
	"context"
	"slices"

	"rdiostress/internal/audio"
	"rdiostress/internal/delivery"
	"rdiostress/internal/load"
)

// audioOptions say how the stored audio of a run is compared with what was sent.
func (c *check) audioOptions(ctx context.Context, o *runOptions, traffic *load.Traffic) delivery.AudioOptions {
	if !o.verify.audio {
		return delivery.AudioOptions{NotCompared: "--verify-audio=false"}
	}
	options := delivery.AudioOptions{Sent: func(n uint64) (delivery.Sent, bool) {
		ext, size, sum := traffic.Audio(n)
		return delivery.Sent{Ext: ext, Size: size, Sum: sum, Audio: func() []byte { return traffic.AudioFile(n) }}, ext != ""
	}}
	if catalogue, ok := c.prober.(delivery.Catalogue); ok {
		if settings, err := catalogue.Settings(ctx); err == nil { // what cannot be read is not known
			options.ConvertsAudio = settings.ConvertsAudio
		}
	}
	if k, ok := c.prober.(delivery.FileKeeper); ok && c.found != nil {
		k.AudioFolders(slices.DeleteFunc([]string{c.found.AudioDir, c.found.Dir}, func(dir string) bool { return dir == "" })...)
	}
	if o.step != nil {
		options.NotDecoded = "a search decodes nothing between its steps"
		return options
	}
	decoder, err := audio.FindDecoder()
	if err != nil {
		options.NotDecoded = err.Error()
	}
	options.Decoder = decoder
	return options
}
