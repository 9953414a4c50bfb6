package server

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

const (
	// countFor is over how long refusals are counted before they are logged together.
	countFor = time.Minute
	// mostCounted bounds how many lines that takes, whoever sends what from wherever.
	mostCounted = 100
)

// refusalKind is what refusals have in common that are one line in the log.
type refusalKind struct {
	why    string // the reason's name
	detail string // such as a field; one of few
	level  slog.Level
}

// refusedClient is whose refusals are counted together.
type refusedClient struct {
	kind    refusalKind
	address string // or, in IPv6, the network that one subscriber has
	key     string // the label of the key; "" if there is none, or no good one
}

// refusalLog logs the first refusal of a kind whole, and counts the ones like it, which come as fast as uploads do. It may be used
// concurrently.
type refusalLog struct {
	log *slog.Logger

	mu      sync.Mutex
	since   time.Time             // when counting began
	said    map[refusalKind]int64 // the kinds of which one was logged whole, with how many were counted since
	clients map[refusedClient]int64
	others  map[refusalKind]int64 // of clients beyond mostCounted
}

func newRefusalLog(log *slog.Logger) *refusalLog {
	return &refusalLog{
		log: log, said: make(map[refusalKind]int64), clients: make(map[refusedClient]int64), others: make(map[refusalKind]int64),
	}
}

// note counts a refusal, and tells whether it is the first of its kind, which is to be logged.
func (l *refusalLog) note(c refusedClient) (isFirst bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, known := l.said[c.kind]
	if !known {
		l.said[c.kind] = 0
		return true
	}
	l.said[c.kind] = n + 1
	if _, known := l.clients[c]; !known && len(l.clients) >= mostCounted {
		l.others[c.kind]++
		return false
	}
	l.clients[c]++
	return false
}

// flush logs what was counted, if that was for long enough. A kind of which there was none is logged whole again when it comes.
func (l *refusalLog) flush(now time.Time, always bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.since.IsZero() {
		l.since = now
	}
	if now.Sub(l.since) < countFor && !always {
		return
	}
	over := now.Sub(l.since).Round(time.Second)
	list := make([]refusedClient, 0, len(l.clients))
	for c := range l.clients {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b refusedClient) int {
		return cmp.Or(cmp.Compare(l.clients[b], l.clients[a]), cmp.Compare(a.kind.why, b.kind.why), cmp.Compare(a.kind.detail, b.kind.detail),
			cmp.Compare(a.address, b.address), cmp.Compare(a.key, b.key))
	})
	for _, c := range list {
		l.tell(c.kind, l.clients[c], over, slog.String("client", c.address), slog.String("key", c.key))
	}
	for kind, n := range l.others {
		l.tell(kind, n, over, slog.String("client", "others"))
	}
	for kind, n := range l.said {
		if n == 0 {
			delete(l.said, kind)
		} else {
			l.said[kind] = 0
		}
	}
	clear(l.clients)
	clear(l.others)
	l.since = now
}

// tell logs how many refusals there were.
func (l *refusalLog) tell(kind refusalKind, n int64, over time.Duration, of ...slog.Attr) {
	attrs := []slog.Attr{slog.Int64("more_like_it", n), slog.Duration("over", over), slog.String("why", kind.why)}
	if kind.detail != "" {
		attrs = append(attrs, slog.String("detail", kind.detail))
	}
	l.log.LogAttrs(context.Background(), kind.level, "requests refused", append(attrs, of...)...)
}
