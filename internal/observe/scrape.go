package observe

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"rdiostress/internal/address"
	"rdiostress/internal/field"
	"rdiostress/internal/measure"
)

// Getter makes HTTP requests.
type Getter interface {
	Do(*http.Request) (*http.Response, error)
}

// scrape observes the server's own metrics.
type scrape struct {
	client   Getter
	url      string
	mappings []Mapping
	counters map[measure.Signal]counterReading // counter values at the last read
	tried    bool                              // not requested: a server without metrics is no error
	shown    map[measure.Signal]bool
}

// counterReading is a counter's value at a time.
type counterReading struct {
	at    time.Time
	value float64
}

const (
	scrapeTimeout = 2 * time.Second
	scrapeBytes   = 8 << 20 // a server with a thousand talkgroups shows about 100 kB
)

// openScrape finds out whether the server shows its own metrics.
func (w *Watcher) openScrape(ctx context.Context, o *Options) (probe, error) {
	s := &scrape{
		client: o.Client, url: o.Metrics, mappings: append(append([]Mapping{}, o.Mappings...), knownMetrics()...),
		tried:    o.Metrics == "" && len(o.Mappings) == 0,
		counters: make(map[measure.Signal]counterReading), shown: make(map[measure.Signal]bool),
	}
	if s.url == "" {
		u, err := url.Parse(o.URL)
		if err != nil {
			return nil, err
		}
		u.Path, u.RawPath, u.RawQuery, u.Fragment = "/metrics", "", "", ""
		s.url = u.String()
	}
	first, err := s.fetch(ctx)
	if err == nil {
		s.findSignals(first)
		if len(s.shown) == 0 {
			err = fmt.Errorf("%s shows no figure that is known", address.Redact(s.url))
		}
	}
	if err != nil && s.tried {
		w.setAllAbsent(s.allSignals(), err.Error())
		return nil, nil
	}
	if err != nil {
		return nil, field.Errorf("watch", "{watch}: %w", err)
	}
	w.setAllAbsent(s.allSignals(), address.Redact(s.url)+" does not show it")
	w.info.MetricsURL = address.Redact(s.url)
	return s, nil
}

// findSignals finds out which signals a page shows.
func (s *scrape) findSignals(page metricsPage) {
	s.extract(page) // counters start here
	for _, k := range s.mappings {
		if _, ok := findMetric(page, k); ok {
			s.shown[k.Signal] = true
		}
	}
}

// namedSignals returns the signals that the user has mapped. They may appear later.
func (s *scrape) namedSignals() (sigs []measure.Signal) {
	for _, k := range s.mappings {
		if k.named {
			sigs = append(sigs, k.Signal)
		}
	}
	return sigs
}

// allSignals returns the signals that a server may show.
func (s *scrape) allSignals() (sigs []measure.Signal) {
	for _, k := range s.mappings {
		sigs = append(sigs, k.Signal)
	}
	return sigs
}

// signals returns the signals that the server shows, and those that the user has mapped.
func (s *scrape) signals() []measure.Signal {
	sigs := s.namedSignals()
	for sig := range s.shown {
		sigs = append(sigs, sig)
	}
	return sigs
}

func (s *scrape) close() {}

func (s *scrape) read(ctx context.Context, seen *measure.Observation) (bool, error) {
	page, err := s.fetch(ctx)
	if err != nil {
		return false, err // it answered before the run, and may again, for example after a crash
	}
	for sig, v := range s.extract(page) {
		seen.Set(sig, v)
	}
	return false, nil
}

// extract reads the signals from a page: of several names for one signal, the first that is present.
func (s *scrape) extract(page metricsPage) map[measure.Signal]float64 {
	values := make(map[measure.Signal]float64)
	now := time.Now()
	done := make(map[measure.Signal]bool)
	for _, k := range s.mappings {
		v, ok := findMetric(page, k)
		if !ok || done[k.Signal] {
			continue
		}
		done[k.Signal] = true
		v *= k.Factor
		if !k.Rate {
			values[k.Signal] = v
			continue
		}
		last, had := s.counters[k.Signal]
		s.counters[k.Signal] = counterReading{now, v}
		// a counter that went back was reset
		if took := now.Sub(last.at).Seconds(); had && took > 0 && v >= last.value {
			values[k.Signal] = (v - last.value) / took
		}
	}
	return values
}

// fetch gets the page.
func (s *scrape) fetch(ctx context.Context) (metricsPage, error) {
	ctx, cancel := context.WithTimeout(ctx, scrapeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address.Redact(s.url), plainError(err))
	}
	req.Header.Set("Accept", "text/plain;version=0.0.4, application/json;q=0.9")
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s does not answer: %w", address.Redact(s.url), plainError(err))
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %d", address.Redact(s.url), resp.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, scrapeBytes))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address.Redact(s.url), err)
	}
	if strings.Contains(resp.Header.Get("Content-Type"), "json") {
		return parseJSON(text)
	}
	return parsePrometheus(text), nil
}

// plainError returns an error of net/http without the address, which may contain a secret.
func plainError(err error) error {
	if u := (*url.Error)(nil); asURLError(err, &u) {
		return u.Err
	}
	return err
}
