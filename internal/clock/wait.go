package clock

import "time"

// Timer waits again and again, and allocates only at the first wait. Its zero value is ready. It must not be used
// concurrently.
type Timer struct{ timer *time.Timer }

// Wait pauses for d and reports true, or false as soon as one of the channels is closed or has a value, which
// it takes. A nil channel never ends the pause. A d of 0 or less does not pause.
func (t *Timer) Wait(d time.Duration, stop, other <-chan struct{}) bool {
	select {
	case <-stop:
		return false
	case <-other:
		return false
	default:
	}
	if d <= 0 {
		return true
	}
	if t.timer == nil {
		t.timer = time.NewTimer(d)
	} else {
		t.timer.Reset(d)
	}
	select {
	case <-t.timer.C:
		return true
	case <-stop:
	case <-other:
	}
	t.timer.Stop()
	return false
}

// Wait is Timer.Wait for a single wait.
func Wait(d time.Duration, stop, other <-chan struct{}) bool {
	var t Timer
	return t.Wait(d, stop, other)
}
