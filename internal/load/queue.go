package load

// queue is a queue of workers. Its ring has room for all of them.
type queue struct {
	ring        []*worker
	head, count int
}

func (q *queue) empty() bool { return q.count == 0 }

func (q *queue) push(w *worker) {
	q.ring[(q.head+q.count)%len(q.ring)] = w
	q.count++
}

func (q *queue) pop() *worker {
	w := q.ring[q.head]
	q.head = (q.head + 1) % len(q.ring)
	q.count--
	return w
}
