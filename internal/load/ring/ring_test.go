package ring

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// A queue does what a slice does, wherever in its ring it begins, and forgets what was taken out of it.
func TestQueue(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, room := range []int{0, 1, 5, 100} {
		q := NewQueue[int](room)
		var want []int
		for i := 1; i < 5000; i++ {
			switch grows := i/500%2 == 0; {
			case i%997 == 0:
				n := rng.IntN(len(want) + 2)
				q.Keep(n)
				want = want[:min(n, len(want))]
			case len(want) == 0 || rng.IntN(3) > 0 == grows:
				q.Push(i)
				want = append(want, i)
			default:
				first := q.First()
				if got := q.Pop(); got != want[0] || got != first {
					t.Fatalf("room %d, step %d: %d, of which First says %d, want %d", room, i, got, first, want[0])
				}
				want = want[1:]
			}
			if q.Len() != len(want) {
				t.Fatalf("room %d, step %d: %d values, want %d", room, i, q.Len(), len(want))
			}
			held := slices.DeleteFunc(slices.Clone(q.ring), func(v int) bool { return v == 0 })
			if len(held) != q.Len() {
				t.Fatalf("room %d, step %d: %d values are held for a queue of %d", room, i, len(held), q.Len())
			}
		}
	}
}

// A queue with room for all of its values does not allocate.
func TestRoom(t *testing.T) {
	q := NewQueue[*int](8)
	v := new(int)
	n := testing.AllocsPerRun(100, func() {
		for range 8 {
			q.Push(v)
		}
		for q.Len() > 0 {
			q.Pop()
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
