package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"rdiostress/internal/address"
	"rdiostress/internal/delivery"
	"rdiostress/internal/rdio"
)

// ErrNoAPI means that a server has no readable list of calls.
var ErrNoAPI = errors.New("it does not list its calls under /api/calls")

// api is a Prober that reads the list of calls that rdiostress's own server and sdrtrunk-rdio-api have.
type api struct {
	client *http.Client
	list   url.URL
	pause  time.Duration

	// cursor is where reading begins if the list can be followed by a cursor: then every call is seen once, with any
	// number of servers. If it is empty and byID is set, the list can be read on from an id; otherwise only page by
	// page. Lists with a cursor or ids have hashes.
	cursor string
	byID   bool

	transcribed string // cursor up to which no call waits for its transcript; empty before they are read
	heard       int64  // a call with a transcript, whose clock can be asked for; 0 if none is known

	since   time.Time   // earlier calls are not counted: no call of a run is that old, and counting them is slow
	counted int64       // the number of calls when it was opened
	start   int64       // the highest id when it was opened, if calls are read on from an id
	witness *ListedCall // the call with that id: if it is gone, the list has started again
}

const (
	MaxPage     = 1000
	plainPage   = 100             // sdrtrunk-rdio-api's maximum
	plainPause  = 2 * time.Second // before a refused page is requested again
	pagesAtOnce = 4               // requested at once, if a list has only pages
	ListPath    = "/api/calls"

	// countedDays is how far back calls are counted. Servers delete older calls, so no run dates a call earlier.
	countedDays = 8
)

// Open opens the list of calls of the server at an address, with or without the upload path. It returns an error that
// wraps ErrNoAPI if the server answers but has no such list.
func Open(ctx context.Context, client *http.Client, server string) (delivery.Prober, error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" {
		return nil, errors.New("the address is not like " + address.DefaultURL)
	}
	p := &api{client: client, list: *u, pause: plainPause, since: countSince(time.Now())}
	p.list.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), rdio.UploadPath) + ListPath
	page, err := p.get(ctx, p.countQuery())
	if err != nil {
		return nil, err
	}
	p.counted = page.Total
	if p.byID = page.AfterID != nil; !p.byID {
		return p, nil
	}
	// A server that knows no cursor ignores it, or refuses it.
	now, err := p.get(ctx, url.Values{"cursor": {"now"}, "per_page": {"1"}})
	switch {
	case err == nil && now.NextCursor != "":
		p.cursor = now.NextCursor
		return p, nil
	case err != nil && !errors.Is(err, ErrNoAPI):
		return nil, err
	}
	p.witness, err = p.newest(ctx)
	if p.witness != nil {
		p.start = p.witness.ID
	}
	return p, err
}

// countSince returns the date from which calls are counted if the server is opened now. It is the start of a day, so
// that rdiostress's own server need not count part of a day.
func countSince(now time.Time) time.Time {
	return now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -countedDays)
}

// countQuery asks for the number of calls.
func (p *api) countQuery() url.Values {
	query := url.Values{"per_page": {"1"}}
	if !p.since.IsZero() {
		query.Set("date_from", p.since.Format(time.RFC3339))
	}
	return query
}

// Every returns the shortest interval between two polls. A server that must be read page by page allows few requests.
func (p *api) Every() time.Duration {
	if p.byID {
		return 0
	}
	return p.pause * 3 / 2
}

// Talkgroups implements Catalogue. Servers that have this list accept every talkgroup.
func (p *api) Talkgroups(context.Context, func(system, talkgroup int64)) error {
	return delivery.ErrTakesAny
}

// Settings implements Catalogue.
func (p *api) Settings(context.Context) (delivery.Settings, error) {
	return delivery.TakesAnySettings(), nil
}

// Method implements Prober.
func (p *api) Method() string { return "api" }

// Source implements Prober.
func (p *api) Source() string { return "GET " + ListPath }

// Close implements Prober.
func (p *api) Close() error {
	p.client.CloseIdleConnections()
	return nil
}

// Poll implements Prober. It only counts: reading a list would cost the server far more than a count does.
func (p *api) Poll(ctx context.Context, v *delivery.Visitor) error {
	if p.byID && p.cursor == "" {
		call, err := p.newest(ctx)
		if err != nil {
			return err
		}
		id := int64(0)
		if call != nil {
			id = call.ID
		}
		if id < p.start { // the list has started again
			p.start, p.witness = 0, nil
		}
		v.Count(id - p.start)
		return nil
	}
	if err := p.checkCursor(ctx); err != nil {
		return err
	}
	total, err := p.count(ctx)
	if err == nil {
		v.Count(total - p.counted)
	}
	return err
}

// checkCursor makes the prober read and count everything if the list belongs to another database than when it was
// opened.
func (p *api) checkCursor(ctx context.Context) error {
	if p.cursor == "" {
		return nil
	}
	_, err := p.get(ctx, url.Values{"cursor": {p.cursor}, "per_page": {"1"}})
	if isGone(err) {
		p.beginAnew()
		return nil
	}
	return err
}

// beginAnew makes the prober read and count everything in the list.
func (p *api) beginAnew() { p.cursor, p.transcribed, p.heard, p.counted = "start", "", 0, 0 }

// count returns the number of calls. If there are fewer than at the start, the server has started again.
func (p *api) count(ctx context.Context) (int64, error) {
	page, err := p.get(ctx, p.countQuery())
	if err == nil && page.Total < p.counted {
		p.counted = 0
	}
	return page.Total, err
}

// newest returns the call with the highest id; nil if there are no calls.
func (p *api) newest(ctx context.Context) (*ListedCall, error) {
	page, err := p.get(ctx, url.Values{
		"per_page": {"1"}, "sort_by": {"id"}, "sort_order": {"desc"}, "count": {"false"},
	})
	if err != nil || len(page.Calls) == 0 {
		return nil, err
	}
	return &page.Calls[0], nil
}

// ListsByID reports whether a prober reads the list of rdiostress's own server, which can be read on from an id and has
// hashes.
func ListsByID(p delivery.Place) bool {
	a, ok := p.(*api)
	return ok && a.byID
}
