package delivery

import (
	"context"
	"errors"
)

// Catalogue is implemented by probers that can also read the server's configuration: the talkgroups it knows and the
// settings that decide what it stores. One goroutine uses it at a time, and never while Poll or ReadAll runs.
type Catalogue interface {
	// Talkgroups calls each for every talkgroup that the server knows, with the numbers that uploads use, in no
	// particular order. It returns ErrTakesAny if the server has no list of talkgroups.
	Talkgroups(ctx context.Context, each func(system, talkgroup int64)) error

	// Settings reads the settings. A setting that the server does not have, or that cannot be read, is nil.
	Settings(ctx context.Context) (Settings, error)
}

// ErrTakesAny means that a server accepts calls of every system and talkgroup.
var ErrTakesAny = errors.New("the server takes calls of every system and talkgroup")

// Settings are the settings of a server that decide what it stores. A nil field is not known.
type Settings struct {
	ConvertsAudio *bool // the server stores audio in another encoding than it was sent
	AutoPopulates *bool // the server adds unknown systems and talkgroups by their first call
}

// TakesAnySettings returns the settings of a server that stores everything as it was sent.
func TakesAnySettings() Settings {
	no, yes := false, true
	return Settings{ConvertsAudio: &no, AutoPopulates: &yes}
}
