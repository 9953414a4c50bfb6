package load

import (
	"sync"
	"time"

	"rdiostress/internal/random"
)

// Echo says which calls are intentional duplicates: a share of all, each of the call before it, as when two sites of a network are
// received. Their number is exact: of n calls, the whole part of n times the share.
type Echo struct {
	Ratio float64 // 0 to 0.5
	Seed  uint64
}

// maxEcho is how far apart receivers of one transmission are: within a server's window.
const maxEcho = 400 * time.Millisecond

// is tells whether call n is a duplicate of call n-1, which then is none itself.
func (e Echo) is(n uint64) bool { return e.index(n+1) > e.index(n) }

// index is how many of the first n calls are duplicates.
func (e Echo) index(n uint64) uint64 { return uint64(float64(n) * e.Ratio) }

// delay is how long after its original a duplicate comes.
func (e Echo) delay(n uint64) time.Duration {
	const steps = uint32(maxEcho/time.Millisecond) + 1
	return time.Duration(random.Below(random.Hash(e.Seed^0xec40, n), steps)) * time.Millisecond
}

// echoed is where the original of a duplicate is, for whichever of the two is made first to tell the other.
type echoed struct {
	mu   sync.Mutex
	next uint64 // number after the original's; 0 is none
	pair int
	date time.Time
}

// echoSlots is how many originals are remembered: many more than uploaders have under way, as duplicates are half of the calls
// at most and the others are not remembered.
const echoSlots = 1 << 12

// placeEcho dates call n, of which call n+1 is a duplicate. Both ask for it, and the first one's answer holds.
func (t *Traffic) placeEcho(n uint64, at time.Duration) (pair int, date time.Time, ok bool) {
	slot := &t.echoes[t.echo.index(n+1)%echoSlots]
	slot.mu.Lock()
	defer slot.mu.Unlock()
	if slot.next == n+1 {
		return slot.pair, slot.date, true
	}
	pair, date, ok = t.place(n, at)
	if ok && slot.next < n+1 {
		slot.next, slot.pair, slot.date = n+1, pair, date
	}
	return pair, date, ok
}
