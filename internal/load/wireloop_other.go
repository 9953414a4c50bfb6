//go:build !linux

package load

import (
	"errors"
	"time"
)

// loops says that the platform has no Loop.
const loops = false

// Loop is not to be had here: each uploader needs a goroutine.
type Loop struct{}

// NewLoop returns an error.
func NewLoop(*WireTarget, int, LoopDone) (*Loop, error) { return nil, errors.ErrUnsupported }

// Begin is not called.
func (*Loop) Begin(int, *Slip, time.Duration) {}

// Wait is not called.
func (*Loop) Wait(time.Duration) {}

// Wake is not called.
func (*Loop) Wake() {}

// Now is not called.
func (*Loop) Now() time.Duration { return 0 }

// Close is not called.
func (*Loop) Close() {}
