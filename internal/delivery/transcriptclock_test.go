package delivery

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// Clocks that were compared run apart from then on: what is known of an offset gets less exact. They are compared at
// most clockTries times at first, and then once a minute.
func TestOffsetGrowsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		within := Offset{-100 * time.Millisecond, 100 * time.Millisecond}
		followed := &Transcripts{TranscriptOptions: TranscriptOptions{
			Clock: func(context.Context, *Offset) (Offset, error) { tries++; return within, nil },
		}}
		ctx, cancel := context.WithCancel(t.Context())
		followed.clocks.Go(func() { followed.compareClocks(ctx) })
		time.Sleep(clockTries*clockEvery + clockAgain/2)
		synctest.Wait()
		if tries != clockTries {
			t.Errorf("compared %d times at first", tries)
		}
		cancel()
		followed.clocks.Wait()
		_, before, _ := followed.correction()
		time.Sleep(20 * time.Second)
		if _, after, unknown := followed.correction(); after-before != time.Millisecond || unknown != "" {
			t.Errorf("within %v, and 20 s later within %v: %s", before, after, unknown)
		}
	})
}
