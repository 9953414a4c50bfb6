package trial

import (
	"fmt"
	"time"

	"rdiostress/internal/scenario"
)

// AudioError says why the recordings that calls should have cannot be used.
type AudioError struct{ Err error }

// Error implements error.
func (e *AudioError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *AudioError) Unwrap() error { return e.Err }

// ReplayError says why the recordings that are to be sent cannot be.
type ReplayError struct{ Err error }

// Error implements error.
func (e *ReplayError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ReplayError) Unwrap() error { return e.Err }

// WindowError says what is wrong with a scenario whose calls are dated as far apart as the server wants them.
type WindowError struct {
	Window time.Duration
	Err    error
}

// Error implements error.
func (e *WindowError) Error() string {
	return fmt.Sprintf("this server takes calls of a talkgroup that begin within %v for duplicates: %v", e.Window,
		e.Err)
}

// Unwrap returns the cause.
func (e *WindowError) Unwrap() error { return e.Err }

// StorageUnseenError says why a crash test cannot be made: nothing shows what the server stores.
type StorageUnseenError struct{ Why string }

// Error implements error.
func (e *StorageUnseenError) Error() string {
	return "a crash test has to look at what is stored, but " + e.Why
}

// TalkgroupsError says that the server knows too few of the run's talkgroups, and adds none.
type TalkgroupsError struct {
	Problem    string
	System     int64        // one of which it knows talkgroups; 0 if none is known
	Talkgroups scenario.IDs // some of them
}

// Error implements error.
func (e *TalkgroupsError) Error() string { return e.Problem }
