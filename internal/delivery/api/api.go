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

// ErrNoAPI says that a server has no list of calls to look at.
var ErrNoAPI = errors.New("it does not list its calls under /api/calls")

// api is a Prober that reads the list of calls that rdiostress's own server and sdrtrunk-rdio-api have.
type api struct {
	client *http.Client
	list   url.URL
	pause  time.Duration

	// cursor is where reading begins, where the list can be followed by a cursor, and then every call is seen once,
	// with any number of servers. Where it is empty and byID is set, the list can be read on from an id; else only page
	// by page. The first two have hashes.
	cursor string
	byID   bool

	since   time.Time   // what is dated before is not counted: nothing of a run is, and counting it takes long
	counted int64       // the number of calls when it was opened
	start   int64       // the highest id when it was opened, where calls are read on from an id
	witness *ListedCall // the call of that id, by which it shows whether the list has begun anew
}

const (
	MaxPage     = 1000
	plainPage   = 100             // the most that sdrtrunk-rdio-api gives
	plainPause  = 2 * time.Second // before a page is asked for again that the server refused for the moment
	pagesAtOnce = 4               // are asked for, of a list that has only pages
	ListPath    = "/api/calls"

	// countedDays are looked back at where calls are only counted. Servers delete calls that are older, so runs date
	// none to before.
	countedDays = 8
)

// Open opens the list of calls of the server whose address is given, with or without the path for uploads. It
// returns an error that wraps ErrNoAPI if the server answers, but has no such list.
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

// countSince is from when calls are counted by a server that is looked at from now on. It is the beginning of a day,
// for which rdiostress's own server need not count a part.
func countSince(now time.Time) time.Time {
	return now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -countedDays)
}

// countQuery asks how many calls there are.
func (p *api) countQuery() url.Values {
	query := url.Values{"per_page": {"1"}}
	if !p.since.IsZero() {
		query.Set("date_from", p.since.Format(time.RFC3339))
	}
	return query
}

// Every is how often to look at most: a server that has to be asked page by page takes few requests.
func (p *api) Every() time.Duration {
	if p.byID {
		return 0
	}
	return p.pause * 3 / 2
}

// Talkgroups implements Catalogue. The servers that have this list take whatever comes.
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
		if id < p.start { // the list has begun anew
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

// checkCursor has everything read and counted where the list is of another database than when it was opened.
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

// beginAnew has everything read and counted that is in the list.
func (p *api) beginAnew() { p.cursor, p.counted = "start", 0 }

// count is how many calls there are. Where there are fewer than at the start, the server has begun anew.
func (p *api) count(ctx context.Context) (int64, error) {
	page, err := p.get(ctx, p.countQuery())
	if err == nil && page.Total < p.counted {
		p.counted = 0
	}
	return page.Total, err
}

// newest is the call with the highest id; nil without one.
func (p *api) newest(ctx context.Context) (*ListedCall, error) {
	page, err := p.get(ctx, url.Values{
		"per_page": {"1"}, "sort_by": {"id"}, "sort_order": {"desc"}, "count": {"false"},
	})
	if err != nil || len(page.Calls) == 0 {
		return nil, err
	}
	return &page.Calls[0], nil
}

// ListsByID reports whether a prober reads the list of calls of rdiostress's own server, which can be read on from
// where it was, and has hashes.
func ListsByID(p delivery.Place) bool {
	a, ok := p.(*api)
	return ok && a.byID
}
