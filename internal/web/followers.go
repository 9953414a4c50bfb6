package web

import "sync"

// maxFollowers is how many may follow a page at the same time.
const maxFollowers = 32

// followers counts those who follow the page. It is safe for concurrent use.
type followers struct {
	mu      sync.Mutex
	count   int
	refuses bool
	gone    []chan struct{} // closed when there are none
}

// add counts one more. It reports false if there are too many, or all are refused.
func (f *followers) add() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuses || f.count >= maxFollowers {
		return false
	}
	f.count++
	return true
}

func (f *followers) remove() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count--
	if f.count == 0 {
		f.tell()
	}
}

// tell closes the channels of those who wait until there are none.
func (f *followers) tell() {
	for _, c := range f.gone {
		close(c)
	}
	f.gone = nil
}

// none returns a channel that is closed as soon as there are none.
func (f *followers) none() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := make(chan struct{})
	f.gone = append(f.gone, c)
	if f.count == 0 {
		f.tell()
	}
	return c
}

// refuse lets no one follow from now on.
func (f *followers) refuse() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refuses = true
}
