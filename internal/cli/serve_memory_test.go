package cli

import (
	"math"
	"runtime/debug"
	"testing"
)

func TestMemoryLimit(t *testing.T) {
	tests := []struct {
		name         string
		heap, stacks uint64
		want         int64
	}{
		{"idle", 3 << 20, 1 << 20, softMemory},
		{"a thousand small uploads", 22 << 20, 14 << 20, softMemory},
		{"all of --upload-memory", 128 << 20, 8 << 20, 184 << 20},
		{"no memory in the world", math.MaxUint64 / 4, 0, (math.MaxInt64/2 + 8<<20 - 1) / (8 << 20) * (8 << 20)},
	}
	for _, tt := range tests {
		if got := memoryLimit(tt.heap, tt.stacks); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

// The limit is the server's while it runs, and the user's own is left alone.
func TestBoundMemory(t *testing.T) {
	const before = math.MaxInt64
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(before))
	stop := boundMemory()
	if got := debug.SetMemoryLimit(-1); got < softMemory || got == before {
		t.Errorf("the limit is %d", got)
	}
	stop()
	t.Setenv("GOMEMLIMIT", "1GiB")
	stop = boundMemory()
	if got := debug.SetMemoryLimit(-1); got != before {
		t.Errorf("the limit was %d, and is %d", before, got)
	}
	stop()
}
