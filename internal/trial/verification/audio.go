package verification

import (
	"slices"

	"rdiostress/internal/audio"
	"rdiostress/internal/delivery"
)

// audioOptions returns how the stored audio of a run is compared with the sent audio. It reads nothing from the server,
// so that the run begins at once.
func (v *Verification) audioOptions(sent func(n uint64) (delivery.Sent, bool)) delivery.AudioOptions {
	if v.plan.NotCompared != "" {
		return delivery.AudioOptions{NotCompared: v.plan.NotCompared}
	}
	options := delivery.AudioOptions{Sent: sent, NotDecoded: v.plan.NotDecoded}
	if k, ok := v.place.(delivery.FileKeeper); ok && v.process != nil {
		folders := []string{v.process.AudioDir, v.process.Dir} // empty if not known
		k.AudioFolders(slices.DeleteFunc(folders, func(dir string) bool { return dir == "" })...)
	}
	if options.NotDecoded != "" {
		return options
	}
	decoder, err := audio.FindDecoder()
	if err != nil {
		options.NotDecoded = err.Error()
	}
	options.Decoder = decoder
	return options
}
