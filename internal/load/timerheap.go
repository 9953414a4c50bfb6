package load

import "time"

// timerHeap is a min-heap of values by their times.
type timerHeap[T any] []timer[T]

type timer[T any] struct {
	at time.Duration
	w  T
}

// never is later than any time.
const never = time.Duration(1<<63 - 1)

// first returns the first time, or never if the heap is empty.
func (a timerHeap[T]) first() time.Duration {
	if len(a) == 0 {
		return never
	}
	return a[0].at
}

func (a *timerHeap[T]) push(at time.Duration, w T) {
	h := append(*a, timer[T]{at, w})
	i := len(h) - 1
	for ; i > 0 && h[(i-1)/2].at > at; i = (i - 1) / 2 {
		h[i] = h[(i-1)/2]
	}
	h[i] = timer[T]{at, w}
	*a = h
}

// pop removes the value with the first time.
func (a *timerHeap[T]) pop() T {
	h := *a
	first, last := h[0].w, h[len(h)-1]
	h = h[:len(h)-1]
	i := 0
	for child := 1; child < len(h); child = 2*i + 1 {
		if child+1 < len(h) && h[child+1].at < h[child].at {
			child++
		}
		if h[child].at >= last.at {
			break
		}
		h[i] = h[child]
		i = child
	}
	if len(h) > 0 {
		h[i] = last
	}
	*a = h
	return first
}
