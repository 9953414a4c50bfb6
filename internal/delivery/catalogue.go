package delivery

import (
	"context"
	"errors"
)

// Catalogue is implemented by probers that can also read what the server is configured with: the talkgroups it knows
// and the settings that decide what it stores. One goroutine uses it at a time, and never together with Look or All.
type Catalogue interface {
	// Talkgroups calls each for every talkgroup that the server knows, by the numbers that uploads name, in no
	// particular order. It returns ErrTakesAny for a server that has none to learn.
	Talkgroups(ctx context.Context, each func(system, talkgroup int64)) error

	// Settings reads the settings. A setting that the server does not have, or that cannot be read, is nil.
	Settings(ctx context.Context) (Settings, error)
}

// ErrTakesAny says that a server takes calls of every system and talkgroup just as well: it has none to learn.
var ErrTakesAny = errors.New("the server takes calls of every system and talkgroup")

// Settings are the settings of a server that decide what it stores. A nil field is not known.
type Settings struct {
	ConvertsAudio *bool // the server stores audio in another encoding than it was sent
	AutoPopulates *bool // the server adds unknown systems and talkgroups by their first call
}

// TakesAnySettings are the settings of a server that keeps what it is sent.
func TakesAnySettings() Settings {
	no, yes := false, true
	return Settings{ConvertsAudio: &no, AutoPopulates: &yes}
}
