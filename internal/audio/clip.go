package audio

import "time"

// Clip is the audio of one call: a whole file, as it would be uploaded.
type Clip struct {
	Data     []byte        // shared by every clip of the same source: read it, never write to it
	Duration time.Duration // how long it plays
	Type     string        // media type, such as "audio/mpeg"
	Ext      string        // what a file name of this type ends with, such as ".mp3"
}
