// Package refusallog keeps a log readable when many requests are refused: it logs the first refusal of a kind
// completely, and then once a minute the number of further refusals, by client and key.
package refusallog

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

const (
	// countFor is how long refusals are counted before they are logged together.
	countFor = time.Minute
	// maxCounted limits the lines per minute, however many clients are refused.
	maxCounted = 100
)

// Kind is a kind of refusals that are counted together.
type Kind struct {
	Why    string // name of the cause
	Detail string // such as a field; one of few values
	Level  slog.Level
}

// Client is a client whose refusals of one kind are counted together.
type Client struct {
	Kind    Kind
	Address string // in IPv6, the network of one subscriber
	Key     string // label of the key; empty if the request had no key or an unknown one
}

// Log logs the first refusal of a kind and counts the others. It is safe for concurrent use. Create one with New.
type Log struct {
	log *slog.Logger

	mu      sync.Mutex
	since   time.Time      // when the count began
	logged  map[Kind]int64 // the kinds with one logged refusal, and how many were counted since
	clients map[Client]int64
	others  map[Kind]int64 // from clients beyond maxCounted
}

// New returns a Log that writes to log.
func New(log *slog.Logger) *Log {
	return &Log{
		log: log, logged: make(map[Kind]int64), clients: make(map[Client]int64), others: make(map[Kind]int64),
	}
}

// Count counts a refusal. It returns true if the refusal is the first of its kind; the caller should then log it
// completely.
func (l *Log) Count(c Client) (isFirst bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, known := l.logged[c.Kind]
	if !known {
		l.logged[c.Kind] = 0
		return true
	}
	l.logged[c.Kind] = n + 1
	if _, known := l.clients[c]; !known && len(l.clients) >= maxCounted {
		l.others[c.Kind]++
		return false
	}
	l.clients[c]++
	return false
}

// Once logs an event that may happen as often as requests: completely the first time, and then its count.
func (l *Log) Once(why, text string, attrs ...slog.Attr) {
	if l.Count(Client{Kind: Kind{Why: why, Level: slog.LevelError}}) {
		l.log.LogAttrs(context.Background(), slog.LevelError, text, attrs...)
	}
}

// Flush logs the counts once they are a minute old, or at once if always is set. If a kind did not occur meanwhile, its
// next refusal is logged completely again.
func (l *Log) Flush(now time.Time, always bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.since.IsZero() {
		l.since = now
	}
	if now.Sub(l.since) < countFor && !always {
		return
	}
	over := now.Sub(l.since).Round(time.Second)
	list := make([]Client, 0, len(l.clients))
	for c := range l.clients {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b Client) int {
		return cmp.Or(cmp.Compare(l.clients[b], l.clients[a]), cmp.Compare(a.Kind.Why, b.Kind.Why),
			cmp.Compare(a.Kind.Detail, b.Kind.Detail),
			cmp.Compare(a.Address, b.Address), cmp.Compare(a.Key, b.Key))
	})
	for _, c := range list {
		l.logCount(c.Kind, l.clients[c], over, slog.String("client", c.Address), slog.String("key", c.Key))
	}
	for kind, n := range l.others {
		l.logCount(kind, n, over, slog.String("client", "others"))
	}
	for kind, n := range l.logged {
		if n == 0 {
			delete(l.logged, kind)
		} else {
			l.logged[kind] = 0
		}
	}
	clear(l.clients)
	clear(l.others)
	l.since = now
}

// logCount logs how many refusals there were.
func (l *Log) logCount(kind Kind, n int64, over time.Duration, of ...slog.Attr) {
	attrs := []slog.Attr{slog.Int64("more_like_it", n), slog.Duration("over", over), slog.String("why", kind.Why)}
	if kind.Detail != "" {
		attrs = append(attrs, slog.String("detail", kind.Detail))
	}
	l.log.LogAttrs(context.Background(), kind.Level, "requests refused", append(attrs, of...)...)
}
