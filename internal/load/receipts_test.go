package load

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// keeper is Receipts that check that each call is recorded once.
type keeper struct {
	mu    sync.Mutex
	calls map[uint64]rdio.Call
	twice bool
}

func (k *keeper) Record(n uint64, c *rdio.Call, o *measure.Outcome) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, again := k.calls[n]; again || o.Class != measure.Accepted {
		k.twice = true
	}
	kept := *c
	kept.AudioName = strings.Clone(c.AudioName)
	k.calls[n] = kept
}

func TestReceipts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := &keeper{calls: map[uint64]rdio.Call{}}
		now := time.Now()
		s := uploadtest.Scenario()
		s.MaxConcurrent, s.Duration = 3, 2*time.Second
		r := &Runner{
			Scenario: s, Traffic: testTraffic(s, now), Recorder: measure.NewRecorder(), Start: now, Receipts: kept,
			Uploader: func() upload.Uploader {
				return slowServer{
					now, constant(100 * time.Millisecond),
					new(atomic.Int64),
				}
			},
		}
		r.Run(t.Context())
		if attempted := r.Recorder.Snapshot().Attempted; uint64(len(kept.calls)) != attempted || attempted == 0 ||
			kept.twice {
			t.Fatalf("%d calls, uploaded %d", len(kept.calls), attempted)
		}
		for n, c := range kept.calls {
			if got, ok := rdio.FindMark([]byte(c.AudioName), "abc"); !ok || got != n || c.Talkgroup == 0 {
				t.Errorf("call %d is %+v", n, c)
			}
		}
	})
}
