// Package ring has a queue in a ring of memory that is used again and again.
package ring

// Queue is a queue whose ring grows when it is full. The zero value is an empty queue.
type Queue[T any] struct {
	ring        []T
	head, count int
}

// NewQueue returns an empty queue with room for a number of values, so that it does not grow before it has more.
func NewQueue[T any](room int) Queue[T] { return Queue[T]{ring: make([]T, room)} }

// Len returns how many values are in the queue.
func (q *Queue[T]) Len() int { return q.count }

// First returns the first value. There must be one.
func (q *Queue[T]) First() T { return q.ring[q.head] }

// Push adds a value at the end.
func (q *Queue[T]) Push(v T) {
	if q.count == len(q.ring) {
		q.grow()
	}
	q.ring[(q.head+q.count)%len(q.ring)] = v
	q.count++
}

// Pop removes the first value, and returns it. There must be one.
func (q *Queue[T]) Pop() T {
	var none T
	v := q.ring[q.head]
	q.ring[q.head] = none
	q.head = (q.head + 1) % len(q.ring)
	q.count--
	return v
}

// Keep removes all values except the first n.
func (q *Queue[T]) Keep(n int) {
	var none T
	for q.count > n {
		q.count--
		q.ring[(q.head+q.count)%len(q.ring)] = none
	}
}

func (q *Queue[T]) grow() {
	const least = 16
	ring := make([]T, max(least, 2*len(q.ring)))
	n := copy(ring, q.ring[q.head:])
	copy(ring[n:], q.ring[:q.head])
	q.ring, q.head = ring, 0
}
