package cli

import (
	"context"
	"slices"

	"rdiostress/internal/audio"
	"rdiostress/internal/delivery"
	"rdiostress/internal/traffic"
)

// audioOptions say how the stored audio of a run is compared with what was sent. They read nothing of the server's: the
// run begins at once.
func (c *check) audioOptions(_ context.Context, o *runOptions, traffic *traffic.Traffic) delivery.AudioOptions {
	if !o.verify.audio {
		return delivery.AudioOptions{NotCompared: "--verify-audio=false"}
	}
	options := delivery.AudioOptions{Sent: func(n uint64) (delivery.Sent, bool) {
		ext, size, sum := traffic.Audio(n)
		file := func() []byte { return traffic.AudioFile(n) }
		return delivery.Sent{Ext: ext, Size: size, Sum: sum, Audio: file}, ext != ""
	}}
	if k, ok := c.prober.(delivery.FileKeeper); ok && c.found != nil {
		folders := []string{c.found.AudioDir, c.found.Dir} // empty where they are not known
		k.AudioFolders(slices.DeleteFunc(folders, func(dir string) bool { return dir == "" })...)
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
