package feed

// queue is a queue in a ring, which grows when it is full.
type queue[T any] struct {
	ring        []T
	head, count int
}

func (q *queue[T]) empty() bool { return q.count == 0 }

func (q *queue[T]) first() T { return q.ring[q.head] }

func (q *queue[T]) push(v T) {
	if q.count == len(q.ring) {
		q.grow()
	}
	q.ring[(q.head+q.count)%len(q.ring)] = v
	q.count++
}

func (q *queue[T]) pop() {
	var none T
	q.ring[q.head] = none
	q.head = (q.head + 1) % len(q.ring)
	q.count--
}

func (q *queue[T]) grow() {
	const least = 16
	ring := make([]T, max(least, 2*len(q.ring)))
	n := copy(ring, q.ring[q.head:])
	copy(ring[n:], q.ring[:q.head])
	q.ring, q.head = ring, 0
}
