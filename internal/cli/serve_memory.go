package cli

import (
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

const (
	// softMemory is what the server's own memory is kept within while what it has in use leaves room for that: enough
	// for a thousand small uploads at once. SQLite's memory and the program itself come on top of it, some 40 MB.
	softMemory = 58 << 20

	softHeadroom = 12 << 20 // what may come together at least before garbage is collected again
	memoryLooks  = 500 * time.Millisecond
)

// boundMemory has garbage collected earlier where much memory is in use, until stop is called. A limit that what is in
// use comes near to would have the collector run all the time; so the limit gives way before.
func boundMemory() (stop func()) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return func() {} // the user's own decision
	}
	before := debug.SetMemoryLimit(softMemory)
	done := make(chan struct{})
	var looks sync.WaitGroup
	looks.Go(func() {
		ticker := time.NewTicker(memoryLooks)
		defer ticker.Stop()
		samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
		limit := int64(softMemory)
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
			}
			metrics.Read(samples)
			next := memoryLimit(samples[0].Value.Uint64(), samples[1].Value.Uint64())
			if next != limit {
				limit = next
				debug.SetMemoryLimit(limit)
			}
		}
	})
	return func() {
		close(done)
		looks.Wait()
		debug.SetMemoryLimit(before)
	}
}

// memoryLimit is the limit for what is in use: bytes of the heap that the last collection found so, and of stacks.
func memoryLimit(heap, stacks uint64) int64 {
	const stepBytes = 8 << 20 // so that the limit does not change all the time
	inUse := min(heap+heap/4+stacks+softHeadroom, math.MaxInt64/2)
	return max(softMemory, (int64(inUse)+stepBytes-1)/stepBytes*stepBytes)
}
