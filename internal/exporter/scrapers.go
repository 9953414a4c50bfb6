package exporter

import (
	"sync"
	"time"
)

// How long the end of a run is shown to a scraper at most. Its next scrape comes after its interval, or a little later.
const (
	usualInterval = time.Minute // of scrapers whose interval is not known: Prometheus' default
	maxInterval   = 2 * time.Minute
	scrapeSlack   = 5 * time.Second
	maxScrapers   = 64
)

// scrapers are those who read the metrics again and again, by their addresses and names. It is safe for concurrent use.
type scrapers struct {
	mu    sync.Mutex
	seen  map[string]*scraper
	ended time.Time // zero before
}

// scraper is one who reads the metrics.
type scraper struct {
	regular  bool          // it says that it is a scraper, or has come again
	last     time.Time     // beginning of its last scrape
	interval time.Duration // between its last two scrapes; 0 if there was only one
}

// add notes a scrape that began at a time. says means that the client says that it is a scraper.
func (s *scrapers) add(name string, says bool, began time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.seen[name]
	switch {
	case one != nil:
		one.regular, one.interval = true, began.Sub(one.last)
		one.last = began
	case len(s.seen) < maxScrapers:
		if s.seen == nil {
			s.seen = map[string]*scraper{}
		}
		s.seen[name] = &scraper{regular: says, last: began}
	}
}

// end marks the end of what there is to see.
func (s *scrapers) end(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = at
}

// wait returns how long to wait, after the end, for scrapers that have not seen it.
func (s *scrapers) wait(now time.Time) (wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.seen {
		if !one.regular || !one.last.Before(s.ended) {
			continue
		}
		interval := usualInterval
		if one.interval > 0 {
			interval = min(one.interval, maxInterval)
		}
		wait = max(wait, one.last.Add(interval+interval/4+scrapeSlack).Sub(now))
	}
	return wait
}
