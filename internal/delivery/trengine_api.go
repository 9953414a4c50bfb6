package delivery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// trEngineAPI is a Prober that reads tr-engine's list of calls. The list has neither file names nor hashes: calls are known by
// system, talkgroup and second, which no two calls of a run share since tr-engine refuses such calls as duplicates.
type trEngineAPI struct {
	client *http.Client
	list   url.URL
	key    string
	start  int64 // the number of calls when it was opened
	pause  time.Duration
}

const (
	trEngineUpload = "/api/v1/call-upload"
	trEngineList   = "/api/v1/calls"
	trEnginePage   = 1000        // the most that it gives
	trEnginePause  = time.Second // between requests, of which it takes 20 a second from an address, uploads too
	trEngineEvery  = 5           // pauses between two looks, for the same reason
)

// OpenTREngine opens the list of calls of a tr-engine whose address is given, with or without the path for uploads. Its key is one
// that uploads carry. It returns an error that wraps ErrNoAPI if the server answers, but has no such list.
func OpenTREngine(ctx context.Context, client *http.Client, address, key string) (Prober, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, errors.New("the address is not like http://localhost:8080")
	}
	p := &trEngineAPI{client: client, list: *u, key: key, pause: trEnginePause}
	p.list.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), trEngineUpload) + trEngineList
	page, err := p.get(ctx, url.Values{"limit": {"1"}})
	if err != nil {
		return nil, err
	}
	p.start = *page.Total
	return p, nil
}

// Method is part of Prober.
func (p *trEngineAPI) Method() string { return "api" }

// Source is part of Prober.
func (p *trEngineAPI) Source() string { return "GET " + trEngineList + " of tr-engine" }

// Close is part of Prober.
func (p *trEngineAPI) Close() error {
	p.client.CloseIdleConnections()
	return nil
}

// Every is how often to look at most.
func (p *trEngineAPI) Every() time.Duration { return trEngineEvery * p.pause }

// Talkgroups is part of Catalogue.
func (p *trEngineAPI) Talkgroups(context.Context, func(system, talkgroup int64)) error {
	return ErrTakesAny
}

// Settings is part of Catalogue.
func (p *trEngineAPI) Settings(context.Context) (Settings, error) { return takesAny(), nil }

// Look is part of Prober. It only counts.
func (p *trEngineAPI) Look(ctx context.Context, tell *Told) error {
	page, err := p.get(ctx, url.Values{"limit": {"1"}})
	if err == nil {
		tell.Count(*page.Total - p.start)
	}
	return err
}

// All is part of Prober. It reads the time that the run's calls are dated to. A page begins with the second in which the one before it
// ended, so that nothing is left out where calls of one second change places between two pages.
func (p *trEngineAPI) All(ctx context.Context, tell *Told) error {
	seen := make(map[int64]bool)
	from, offset := tell.From.UTC(), 0
	for {
		page, err := patiently(ctx, p.pause, p.get, url.Values{
			"start_time": {from.Format(time.RFC3339Nano)}, "end_time": {tell.To.UTC().Add(time.Second).Format(time.RFC3339Nano)},
			"sort": {"start_time"}, "limit": {strconv.Itoa(trEnginePage)}, "offset": {strconv.Itoa(offset)},
		})
		if err != nil {
			return err
		}
		for i := range page.Calls {
			if r := page.Calls[i].row(); !seen[r.ID] {
				seen[r.ID] = true
				tell.Row(&r)
			}
		}
		if len(page.Calls) < trEnginePage {
			return nil
		}
		if last := page.Calls[len(page.Calls)-1].Start.UTC(); last.After(from) {
			from, offset = last, 0
		} else {
			offset += trEnginePage
		}
		if err := sleep(ctx, p.pause); err != nil {
			return err
		}
	}
}

// trEngineCalls is a page of the list.
type trEngineCalls struct {
	Calls []trEngineCall `json:"calls"`
	Total *int64         `json:"total"`
}

// trEngineCall is a call in it.
type trEngineCall struct {
	ID        int64     `json:"call_id"`
	Label     string    `json:"system_name"`
	Talkgroup int64     `json:"tgid"`
	Start     time.Time `json:"start_time"`
	Size      *int64    `json:"audio_size"`
}

// ownLabel is how this program names its systems to a server that knows them by their labels.
var ownLabel = regexp.MustCompile(`^rdiostress[^0-9]*([0-9]{1,18})$`)

func (c *trEngineCall) row() Row {
	r := Row{ID: c.ID, System: -1, Talkgroup: c.Talkgroup, Time: c.Start.UTC(), Size: -1}
	if m := ownLabel.FindStringSubmatch(c.Label); m != nil {
		r.System, _ = strconv.ParseInt(m[1], 10, 64)
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
