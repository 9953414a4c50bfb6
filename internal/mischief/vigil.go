package mischief

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"rdiostress/internal/upload"
)

// vigil keeps in mind what was sent that the server has not been seen to survive. It is safe for concurrent use.
type vigil struct {
	mu    sync.Mutex
	dead  bool
	alive time.Time // when a connection was last opened
	seen  map[uint64]sighting
}

// sighting is a request that the server may die of.
type sighting struct {
	kind   *kind
	landed time.Time // when it had ended; zero while it is under way
}

// linger is how long after a request the server may still die of it. What hazards set off runs after the answer, and
// takes seconds until the process dies.
func (s sighting) linger() time.Duration {
	if s.kind.hazard {
		return 5 * time.Second
	}
	return 200 * time.Millisecond
}

func (v *vigil) takesOff(number uint64, k *kind) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.seen == nil {
		v.seen = make(map[uint64]sighting)
	}
	v.seen[number] = sighting{kind: k}
}

func (v *vigil) lands(number uint64, o outcome) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !o.opened {
		delete(v.seen, number) // the server has not seen it
		return
	}
	if s, ok := v.seen[number]; ok {
		s.landed = time.Now()
		v.seen[number] = s
	}
}

// lives notes that the server was there at a time.
func (v *vigil) lives(at time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.alive, v.dead = at, false
	maps.DeleteFunc(v.seen, func(_ uint64, s sighting) bool {
		return !s.landed.IsZero() && s.landed.Add(s.linger()).Before(at)
	})
}

func (v *vigil) hasSuspects() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.seen) > 0
}

// dies returns how many of each kind the server may have died of, and when it was last alive. While it is dead there
// are no further ones.
func (v *vigil) dies() (suspects map[string]int, alive time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	suspects = make(map[string]int)
	for _, s := range v.seen {
		if !v.dead {
			suspects[s.kind.name]++
		}
	}
	clear(v.seen)
	v.dead = true
	return suspects, v.alive
}

const (
	// lookEvery is how often the server is looked at while there is something that it may have died of.
	lookEvery = 300 * time.Millisecond
	// looks are how often nothing must listen for the server to be dead: one that restarts its listener is not.
	looks     = 3
	lookAgain = 200 * time.Millisecond
	// lastLook is how long after the last request the server is looked at, at most.
	lastLook = 10 * time.Second
)

// watch looks at the server until nothing is sent any more and it has survived, or not.
func (s *sender) watch(ctx context.Context, over <-chan struct{}) {
	ending := false
	for until := time.Now(); ; {
		select {
		case <-over:
			over, ending, until = nil, true, time.Now().Add(lastLook)
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return
		}
		if s.vigil.hasSuspects() {
			s.look(ctx)
		} else if ending {
			return
		}
		if ending && time.Now().After(until) {
			return
		}
	}
}

// look opens a connection to see whether the server lives. If nothing listens any more, what was sent since the last
// time is what it may have died of.
func (s *sender) look(ctx context.Context) {
	for range looks {
		began := time.Now()
		conn, err := s.options.Open(ctx, s.url)
		if err == nil {
			conn.Close()
			s.vigil.lives(began)
			return
		}
		if !upload.IsRefused(err) || !wait(ctx, nil, lookAgain) {
			return // no telling
		}
	}
	suspects, alive := s.vigil.dies()
	if len(suspects) == 0 {
		return
	}
	evidence := "nothing listens any more"
	if !alive.IsZero() {
		evidence += fmt.Sprintf(", as it did %v before", time.Since(alive).Round(time.Millisecond))
	}
	var sent []string
	for _, kind := range slices.Sorted(maps.Keys(suspects)) {
		sent = append(sent, fmt.Sprintf("%d of %s", suspects[kind], kind))
	}
	evidence += "; sent last: " + strings.Join(sent, ", ")
	for kind := range suspects {
		title := "was gone after " + kindOf(kind).what
		if len(suspects) > 1 {
			title += ", or after other mischief at that time"
		}
		s.tally.find(kind, "died", title, time.Since(s.Start), evidence)
	}
}

// pathTraversal is the kind whose files may be found where they do not belong.
const pathTraversal = "path-traversal"

// lookOutside looks whether a file was written that the server was tempted to write. It stays there.
func (s *sender) lookOutside(k *kind, at time.Duration, name string) {
	path := outside(name)
	if _, err := os.Stat(path); err == nil {
		s.tally.find(
			k.name,
			"wrote_outside",
			"wrote a file where its name led, out of its folder",
			at,
			"there is "+path,
		)
	}
}
