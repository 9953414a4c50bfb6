package load

import (
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// behaviorCount counts what one kind of client did.
type behaviorCount struct {
	due, sent, notKept, givenUp, redirects uint64
	queue, late                            measure.Waits
	answer                                 string // to a connection test that did not pass
}

// repeatCount counts the repeats of one kind of client.
type repeatCount struct {
	sent, alreadyThere, mayBeDoubled, givenUp uint64
	late                                      measure.Waits
}

// report sums up what the clients did. It must be called after all workers and the retrier have ended.
func (c *realClients) report() []measure.ClientBehavior {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	held := c.heldConnections()
	var all []measure.ClientBehavior
	for _, client := range c.Scenario.Clients.Clients() {
		n := c.counts[client]
		b := measure.ClientBehavior{
			Client: client.String(), Due: n.due, Sent: n.sent, NotKept: n.notKept, GivenUp: n.givenUp,
			Redirects: n.redirects, QueueMeanS: n.queue.Mean(), TestAnswer: n.answer,
		}
		if client.Habits().Hold > 0 {
			b.HeldConnections = held
		}
		c.addStreams(&b, client)
		c.retrier.addRepeats(&b, client, &n.late)
		b.Late, b.LateMeanS, b.LateMaxS = n.late.Count(), n.late.Mean(), n.late.Max()
		b.Left = b.Due - b.Sent - b.Outdated - b.NotKept
		all = append(all, b)
	}
	return all
}

// addStreams adds what the queues of a client's programs did.
func (c *realClients) addStreams(b *measure.ClientBehavior, client rdio.Client) {
	for _, s := range c.streams {
		if s.client != client {
			continue
		}
		f := s.Figures(min(c.elapsed(), c.end))
		b.Programs++
		b.Outdated += f.Outdated
		b.LargestBurst = max(b.LargestBurst, f.LargestBurst)
		b.Pauses += f.Pauses
		b.PausedS += max(0, f.Paused.Seconds())
		b.Tests += f.Tests
		b.TestsPassed += f.TestsPassed
	}
}

// addRepeats adds the repeats of a client's calls.
func (t *retrier) addRepeats(b *measure.ClientBehavior, client rdio.Client, late *measure.Waits) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	n := &t.by[client]
	b.Repeats, b.AlreadyThere, b.MayBeDoubled = n.sent, n.alreadyThere, n.mayBeDoubled
	b.GivenUp += n.givenUp
	late.Join(n.late)
}

// heldConnections returns how many answered connections were open at once at most.
func (s *sender) heldConnections() uint64 {
	if t, ok := s.Target.(interface{ HeldConnections() int }); ok {
		return uint64(t.HeldConnections())
	}
	return 0
}
