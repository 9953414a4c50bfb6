//go:build !linux

package wire

import (
	"errors"
	"time"

	"rdiostress/internal/upload"
)

// loops says that this platform has no loops.
const loops = false

// Loop is not available on this platform.
type Loop struct{}

// NewLoop returns an error.
func NewLoop([]*Target, int, Handler) (*Loop, error) { return nil, errors.ErrUnsupported }

// Begin is not called.
func (*Loop) Begin(int, *upload.Request, time.Duration) {}

// Wait is not called.
func (*Loop) Wait(time.Duration) {}

// Wake is not called.
func (*Loop) Wake() {}

// Now is not called.
func (*Loop) Now() time.Duration { return 0 }

// Close is not called.
func (*Loop) Close() {}
