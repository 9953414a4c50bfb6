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

	"rdiostress/internal/clock"
	"rdiostress/internal/units"
	"rdiostress/internal/upload"
)

// crashWatch remembers the requests that the server has not yet been seen to survive. It is safe for concurrent use.
type crashWatch struct {
	mu       sync.Mutex
	dead     bool
	alive    time.Time // when a connection was last opened
	suspects map[uint64]suspect
}

// suspect is a request that may have crashed the server.
type suspect struct {
	kind  *kind
	ended time.Time // when it ended; zero while it is in flight
}

// timeToDie is how long after a request the server may still die of it. What a hazard triggers runs after the answer,
// and takes seconds until the process dies.
func (s suspect) timeToDie() time.Duration {
	if s.kind.hazard {
		return 5 * time.Second
	}
	return 200 * time.Millisecond
}

func (v *crashWatch) begin(number uint64, k *kind) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.suspects == nil {
		v.suspects = make(map[uint64]suspect)
	}
	v.suspects[number] = suspect{kind: k}
}

func (v *crashWatch) end(number uint64, o outcome) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !o.opened {
		delete(v.suspects, number) // the server has not seen it
		return
	}
	if s, ok := v.suspects[number]; ok {
		s.ended = time.Now()
		v.suspects[number] = s
	}
}

// markAlive records that the server was alive at a time.
func (v *crashWatch) markAlive(at time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.alive, v.dead = at, false
	maps.DeleteFunc(v.suspects, func(_ uint64, s suspect) bool {
		return !s.ended.IsZero() && s.ended.Add(s.timeToDie()).Before(at)
	})
}

func (v *crashWatch) hasSuspects() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.suspects) > 0
}

// markDead returns how many suspects of each kind there are, and when the server was last alive. While the server is
// dead it returns no further ones.
func (v *crashWatch) markDead() (suspects map[string]int, alive time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	suspects = make(map[string]int)
	for _, s := range v.suspects {
		if !v.dead {
			suspects[s.kind.name]++
		}
	}
	clear(v.suspects)
	v.dead = true
	return suspects, v.alive
}

const (
	// aliveEvery is how often the server is checked while there are suspects.
	aliveEvery = 300 * time.Millisecond
	// refusalsOfDead is how many connections in a row must be refused before the server counts as dead: a server that
	// restarts its listener is not.
	refusalsOfDead = 3
	refusalPause   = 200 * time.Millisecond
	// watchAfterLast is how long after the last request the server is checked at most.
	watchAfterLast = 10 * time.Second
)

// watchForCrash checks the server until nothing more is sent and it has survived, or has died.
func (s *sender) watchForCrash(ctx context.Context, over <-chan struct{}) {
	ending := false
	for until := time.Now(); ; {
		switch waited := clock.Wait(aliveEvery, over, ctx.Done()); {
		case ctx.Err() != nil:
			return
		case !waited:
			over, ending, until = nil, true, time.Now().Add(watchAfterLast)
		}
		if s.crash.hasSuspects() {
			s.checkAlive(ctx)
		} else if ending {
			return
		}
		if ending && time.Now().After(until) {
			return
		}
	}
}

// checkAlive opens a connection to see whether the server is alive. If connections are refused, the requests since the
// last check are the suspects.
func (s *sender) checkAlive(ctx context.Context) {
	for range refusalsOfDead {
		began := time.Now()
		conn, err := s.options.Open(ctx, s.url)
		if err == nil {
			conn.Close()
			s.crash.markAlive(began)
			return
		}
		if !upload.IsRefused(err) || clock.Sleep(ctx, refusalPause) != nil {
			return // not known
		}
	}
	suspects, alive := s.crash.markDead()
	if len(suspects) == 0 {
		return
	}
	evidence := "nothing listens any more"
	if !alive.IsZero() {
		evidence += fmt.Sprintf(", as it did %s before", units.Trim(units.Seconds(time.Since(alive).Seconds())))
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
		s.tally.addFinding(kind, "died", title, time.Since(s.Start), evidence)
	}
}

// pathTraversal is the kind whose files may be found where they do not belong.
const pathTraversal = "path-traversal"

// findFileOutside checks whether the server wrote a file outside of its folder. It leaves the file there.
func (s *sender) findFileOutside(k *kind, at time.Duration, name string) {
	path := outside(name)
	if _, err := os.Stat(path); err == nil {
		s.tally.addFinding(
			k.name, "wrote_outside", "wrote a file where its name led, out of its folder", at, "there is "+path,
		)
	}
}
