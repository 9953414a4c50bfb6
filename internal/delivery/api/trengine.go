package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/rdio"
)

// trEngineAPI is a Prober that reads tr-engine's list of calls. The list has neither file names nor hashes. Calls are
// identified by system, talkgroup and second, which no two calls of a run share, since tr-engine refuses such calls as
// duplicates.
type trEngineAPI struct {
	client *http.Client
	list   url.URL
	key    string
	since  time.Time // earlier calls are not counted
	start  int64     // the number of calls when it was opened
	pause  time.Duration
}

const (
	trEngineList  = "/api/v1/calls"
	trEnginePage  = 1000        // tr-engine's maximum
	trEnginePause = time.Second // between requests: it accepts 20 a second from an address, uploads included
	trEngineEvery = 5           // pauses between two polls, for the same reason
)

// OpenTREngine opens the list of calls of a tr-engine at an address, with or without the upload path. The key is one
// that uploads carry. It returns an error that wraps ErrNoAPI if the server answers but has no such list.
func OpenTREngine(ctx context.Context, client *http.Client, address, key string) (delivery.Prober, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, errors.New("the address is not like http://localhost:8080")
	}
	p := &trEngineAPI{client: client, list: *u, key: key, pause: trEnginePause, since: countSince(time.Now())}
	p.list.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), rdio.TREnginePath) + trEngineList
	page, err := p.get(ctx, p.countQuery())
	if err != nil {
		return nil, err
	}
	p.start = *page.Total
	return p, nil
}

// Method implements Prober.
func (p *trEngineAPI) Method() string { return "api" }

// Source implements Prober.
func (p *trEngineAPI) Source() string { return "GET " + trEngineList + " of tr-engine" }

// Close implements Prober.
func (p *trEngineAPI) Close() error {
	p.client.CloseIdleConnections()
	return nil
}

// Every returns the shortest interval between two polls.
func (p *trEngineAPI) Every() time.Duration { return trEngineEvery * p.pause }

// Talkgroups implements Catalogue.
func (p *trEngineAPI) Talkgroups(context.Context, func(system, talkgroup int64)) error {
	return delivery.ErrTakesAny
}

// Settings implements Catalogue.
func (p *trEngineAPI) Settings(context.Context) (delivery.Settings, error) {
	return delivery.TakesAnySettings(), nil
}

// Poll implements Prober. It only counts.
func (p *trEngineAPI) Poll(ctx context.Context, v *delivery.Visitor) error {
	page, err := p.get(ctx, p.countQuery())
	if err != nil {
		return err
	}
	if *page.Total < p.start { // it has started again
		p.start = 0
	}
	v.Count(*page.Total - p.start)
	return nil
}

// countQuery asks for the number of calls.
func (p *trEngineAPI) countQuery() url.Values {
	query := url.Values{"limit": {"1"}}
	if !p.since.IsZero() {
		query.Set("start_time", p.since.Format(time.RFC3339))
	}
	return query
}

// ReadAll implements Prober. It reads the dates of the run's calls.
func (p *trEngineAPI) ReadAll(ctx context.Context, v *delivery.Visitor) error {
	r := trEngineReader{trEngineAPI: p, visitor: v}
	err := r.readSpan(ctx, v.From.UTC(), v.To.UTC().Add(time.Second))
	if errors.Is(err, errNothingNew) {
		err = fmt.Errorf("GET %s: %w, after %d calls", trEngineList, err, r.seen.size)
	}
	return err
}

// trEngineReader reads the list once. The pages are sorted by one column only, the latest or highest first, whatever
// the query asks for. Calls with the same value may change places between two pages. So the last value of a page is
// read separately by a narrower query, and the next page begins after it.
type trEngineReader struct {
	*trEngineAPI
	visitor *delivery.Visitor
	seen    idSet // new calls may move others to another page while the list is read
	total   int64
}

// readSpan reads the calls of a span of time, without its end.
func (r *trEngineReader) readSpan(ctx context.Context, from, to time.Time) error {
	for {
		page, err := r.readPage(ctx, between(from, to), "-start_time", 0)
		if err != nil {
			return err
		}
		r.total = max(r.total, *page.Total)
		calls, before := page.Calls, r.seen.size
		if len(calls) < trEnginePage {
			r.visitAll(calls)
			return nil
		}
		last := calls[len(calls)-1].Start
		r.visitAll(slices.DeleteFunc(calls, func(c trEngineCall) bool { return c.Start.Equal(last) }))
		if err := r.readInstant(ctx, last.UTC()); err != nil {
			return err
		}
		if r.seen.size == before || !last.Before(to) {
			return errNothingNew
		}
		to = last.UTC()
	}
}

// readInstant reads the calls that began at a time.
func (r *trEngineReader) readInstant(ctx context.Context, at time.Time) error {
	const next = time.Microsecond // PostgreSQL's resolution
	query := between(at, at.Add(next))
	for offset := 0; ; {
		page, err := r.readPage(ctx, query, "-tgid", offset)
		if err != nil {
			return err
		}
		calls, before := page.Calls, r.seen.size
		if len(calls) < trEnginePage {
			r.visitAll(calls)
			return nil
		}
		last := calls[len(calls)-1].Talkgroup
		others := slices.DeleteFunc(calls, func(c trEngineCall) bool { return c.Talkgroup == last })
		r.visitAll(others)
		n, err := r.readTalkgroup(ctx, query, last)
		if err != nil {
			return err
		}
		if r.seen.size == before {
			return errNothingNew
		}
		offset += max(len(others)+n, 1)
	}
}

// readTalkgroup reads the calls of a talkgroup that began at one time, one of each system, and returns their number.
func (r *trEngineReader) readTalkgroup(ctx context.Context, query url.Values, talkgroup int64) (n int, err error) {
	query = maps.Clone(query)
	query.Set("tgid", strconv.FormatInt(talkgroup, 10))
	for {
		page, err := r.readPage(ctx, query, "-start_time", n)
		if err != nil {
			return n, err
		}
		before := r.seen.size
		r.visitAll(page.Calls)
		if n += len(page.Calls); len(page.Calls) < trEnginePage {
			return n, nil
		}
		if r.seen.size == before {
			return n, errNothingNew
		}
	}
}

func between(from, to time.Time) url.Values {
	return url.Values{"start_time": {from.Format(time.RFC3339Nano)}, "end_time": {to.Format(time.RFC3339Nano)}}
}

// readPage gets one page of a query's result.
func (r *trEngineReader) readPage(
	ctx context.Context, query url.Values, sort string, offset int,
) (trEngineCalls, error) {
	query = maps.Clone(query)
	query.Set("sort", sort)
	query.Set("limit", strconv.Itoa(trEnginePage))
	query.Set("offset", strconv.Itoa(offset))
	return retryPage(ctx, r.pause, r.get, query)
}

func (r *trEngineReader) visitAll(calls []trEngineCall) {
	for i := range calls {
		if row := calls[i].row(); r.seen.add(row.ID) {
			r.visitor.Row(&row)
		}
	}
	if r.visitor.Progress != nil {
		r.visitor.Progress(r.seen.size, r.total)
	}
}

// trEngineCalls is a page of the list.
type trEngineCalls struct {
	Calls []trEngineCall `json:"calls"`
	Total *int64         `json:"total"`
}

// trEngineCall is a call on a page.
type trEngineCall struct {
	ID        int64     `json:"call_id"`
	Label     string    `json:"system_name"`
	Talkgroup int64     `json:"tgid"`
	Start     time.Time `json:"start_time"`
	Size      *int64    `json:"audio_size"`
}

var (
	ownLabels  = regexp.MustCompile(delivery.OwnLabelPattern)
	vagueLabel = regexp.MustCompile(delivery.VagueLabelPattern)
)

func (c *trEngineCall) row() delivery.Row {
	r := delivery.Row{ID: c.ID, System: delivery.OthersSystem, Talkgroup: c.Talkgroup, Time: c.Start.UTC(), Size: -1}
	if m := ownLabels.FindStringSubmatch(c.Label); m != nil {
		r.System, _ = strconv.ParseInt(m[1], 10, 64)
	} else if vagueLabel.MatchString(c.Label) {
		r.System = -1
	}
	if c.Size != nil {
		r.Size = *c.Size
	}
	return r
}

// get gets a page of the list.
func (p *trEngineAPI) get(ctx context.Context, query url.Values) (page trEngineCalls, err error) {
	u := p.list
	u.RawQuery = query.Encode()
	err = getJSON(ctx, p.client, u, trEngineList, p.key, &page)
	if err == nil && (page.Calls == nil || page.Total == nil) {
		err = errNoList
	}
	if errors.Is(err, ErrNoAPI) {
		err = fmt.Errorf("%w, nor as tr-engine does under %s", err, trEngineList)
	}
	return page, err
}
