package trial

import (
	"fmt"
	"time"

	"rdiostress/internal/scenario"
)

// AudioError is the reason why the recordings for the calls' audio cannot be used.
type AudioError struct{ Err error }

// Error implements error.
func (e *AudioError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *AudioError) Unwrap() error { return e.Err }

// ReplayError is the reason why the recordings of a replay cannot be sent.
type ReplayError struct{ Err error }

// Error implements error.
func (e *ReplayError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ReplayError) Unwrap() error { return e.Err }

// WindowError is an error in a scenario whose calls are dated as far apart as the server requires.
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

// StorageUnseenError is the reason why a crash test cannot be made: storage cannot be observed.
type StorageUnseenError struct{ Why string }

// Error implements error.
func (e *StorageUnseenError) Error() string {
	return "a crash test has to check what is stored, but " + e.Why
}

// TalkgroupsError means that the server knows too few of the run's talkgroups, and adds none.
type TalkgroupsError struct {
	Problem    string
	System     int64        // a system with known talkgroups; 0 if there is none
	Talkgroups scenario.IDs // some of its known talkgroups
}

// Error implements error.
func (e *TalkgroupsError) Error() string { return e.Problem }
