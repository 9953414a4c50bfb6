package cli

import (
	"strings"
	"time"
)

// windowValue is a flag for the time within which a server takes calls of a talkgroup for duplicates; 0 is as long as
// the server says.
type windowValue time.Duration

// windowAuto is what the flag is called when it is not set.
const windowAuto = "auto"

func (w *windowValue) Set(s string) error {
	if strings.EqualFold(strings.TrimSpace(s), windowAuto) {
		*w = 0
		return nil
	}
	return (*durationValue)(w).Set(s)
}

func (w *windowValue) String() string {
	if *w == 0 {
		return windowAuto
	}
	return (*durationValue)(w).String()
}

func (w *windowValue) Type() string { return (*durationValue)(w).Type() }
