package api

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/delivery"
	"rdiostress/internal/rdio"
)

// ErrNoAPI says that a server has no list of calls to look at.
var ErrNoAPI = errors.New("it does not list its calls under /api/calls")

// api is a Prober that reads the list of calls that rdiostress's own server and sdrtrunk-rdio-api have.
type api struct {
	client *http.Client
	list   url.URL
	byID   bool  // the list can be read on from an id, and has hashes; else page by page, and slowly
	start  int64 // the highest id, or the number of calls, when it was opened
	pause  time.Duration
}

const (
	MaxPage    = 1000
	plainPage  = 100             // the most that sdrtrunk-rdio-api gives
	plainPause = 2 * time.Second // between requests to it, which takes 30 a minute, and to a server that is busy
	replyLimit = 8 << 20
	apiTimeout = 20 * time.Second
	ListPath   = "/api/calls"
	maxRetries = 30 // of a page that the server refused for the moment
)

// Open opens the list of calls of the server whose address is given, with or without the path for uploads. It
// returns an error that wraps ErrNoAPI if the server answers, but has no such list.
func Open(ctx context.Context, client *http.Client, address string) (delivery.Prober, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, errors.New("the address is not like http://localhost:8000")
	}
	p := &api{client: client, list: *u, pause: plainPause}
	p.list.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), rdio.UploadPath) + ListPath
	page, err := p.get(ctx, url.Values{"per_page": {"1"}})
	if err != nil {
		return nil, err
	}
	if p.byID = page.AfterID != nil; !p.byID {
		p.start = page.Total
		return p, nil
	}
	p.start, err = p.newest(ctx)
	return p, err
}

// Every is how often to look at most: a server that has to be asked page by page takes few requests.
func (p *api) Every() time.Duration {
	if p.byID {
		return 0
	}
	return p.pause * 3 / 2
}

// Talkgroups is part of Catalogue. The servers that have this list take whatever comes.
func (p *api) Talkgroups(context.Context, func(system, talkgroup int64)) error {
	return delivery.ErrTakesAny
}

// Settings is part of Catalogue.
func (p *api) Settings(context.Context) (delivery.Settings, error) {
	return delivery.TakesAnySettings(), nil
}

// Method is part of Prober.
func (p *api) Method() string { return "api" }

// Source is part of Prober.
func (p *api) Source() string { return "GET " + ListPath }

// Close is part of Prober.
func (p *api) Close() error {
	p.client.CloseIdleConnections()
	return nil
}

// Poll is part of Prober. It only counts: reading a list would cost the server far more than its newest line does.
func (p *api) Poll(ctx context.Context, v *delivery.Visitor) error {
	if p.byID {
		id, err := p.newest(ctx)
		if err == nil {
			v.Count(id - p.start)
		}
		return err
	}
	page, err := p.get(ctx, url.Values{"per_page": {"1"}})
	if err == nil {
		v.Count(page.Total - p.start)
	}
	return err
}

// newest is the highest id.
func (p *api) newest(ctx context.Context) (int64, error) {
	page, err := p.get(ctx, url.Values{
		"per_page": {"1"}, "sort_by": {"id"}, "sort_order": {"desc"}, "count": {"false"},
	})
	if err != nil || len(page.Calls) == 0 {
		return 0, err
	}
	return page.Calls[0].ID, nil
}

// ReadAll is part of Prober.
func (p *api) ReadAll(ctx context.Context, v *delivery.Visitor) error {
	if !p.byID {
		return p.allPages(ctx, v)
	}
	for after := p.start; ; {
		page, err := retryPage(ctx, p.pause, p.get, url.Values{
			"after_id": {strconv.FormatInt(after, 10)}, "per_page": {strconv.Itoa(MaxPage)}, "sort_by": {"id"},
			"sort_order": {"asc"}, "count": {"false"},
		})
		if err != nil {
			return err
		}
		for i := range page.Calls {
			r := page.Calls[i].row()
			v.Row(&r)
			after = max(after, r.ID)
		}
		if len(page.Calls) < MaxPage {
			return nil
		}
	}
}

// allPages reads the pages of the time that the run's calls are dated to.
func (p *api) allPages(ctx context.Context, v *delivery.Visitor) error {
	seen := make(map[int64]bool) // calls of one second may change places between two pages
	for n := 1; ; n++ {
		page, err := retryPage(ctx, p.pause, p.get, url.Values{
			"date_from": {v.From.Format(time.RFC3339)}, "date_to": {v.To.Add(time.Second).Format(time.RFC3339)},
			"page": {strconv.Itoa(n)}, "per_page": {strconv.Itoa(plainPage)},
			"sort_by": {"timestamp"}, "sort_order": {"asc"},
		})
		if err != nil {
			return err
		}
		for i := range page.Calls {
			if r := page.Calls[i].row(); !seen[r.ID] {
				seen[r.ID] = true
				v.Row(&r)
			}
		}
		if len(page.Calls) < plainPage {
			return nil
		}
		if err := clock.Sleep(ctx, p.pause); err != nil {
			return err
		}
	}
}

// retryPage gets a page, again if the server is busy or comes back after a crash.
func retryPage[P any](
	ctx context.Context, pause time.Duration, get func(context.Context, url.Values) (P, error), query url.Values,
) (page P, err error) {
	for range maxRetries {
		if page, err = get(ctx, query); err == nil || errors.Is(err, ErrNoAPI) {
			return page, err
		}
		if serr := clock.Sleep(ctx, pause); serr != nil {
			return page, errors.Join(err, serr)
		}
	}
	return page, err
}

// ListPage is a page of the list.
type ListPage struct {
	Calls   []ListedCall `json:"calls"`
	Total   int64        `json:"total"`
	AfterID *int64       `json:"after_id"`
}

// ListedCall is a call in it.
type ListedCall struct {
	ID        int64  `json:"id"`
	Timestamp string `json:"timestamp"`
	System    Number `json:"system_id"`
	Talkgroup Number `json:"talkgroup_id"`
	Name      string `json:"audio_filename"`
	Size      *int64 `json:"audio_size_bytes"`
	Sum       string `json:"audio_sha256"`
}

func (c *ListedCall) row() delivery.Row {
	r := delivery.Row{
		ID: c.ID, Name: c.Name, System: int64(c.System), Talkgroup: int64(c.Talkgroup),
		Time: delivery.ParseTime(c.Timestamp), Size: -1,
	}
	if c.Size != nil {
		r.Size = *c.Size
	}
	r.NoAudio = "the server's list of calls has no hash of the audio"
	if sum, err := hex.DecodeString(c.Sum); err == nil && len(sum) == len(r.Sum) {
		copy(r.Sum[:], sum)
		r.HasSum, r.NoAudio = true, "the server's list of calls has only the hash of the audio"
	}
	return r
}

// Number is a number in JSON, or one in quotes, as sdrtrunk-rdio-api has for systems. What is neither is 0.
type Number int64

// UnmarshalJSON is part of json.Unmarshaler.
func (n *Number) UnmarshalJSON(text []byte) error {
	v, _ := strconv.ParseInt(strings.Trim(string(text), `"`), 10, 64)
	*n = Number(v)
	return nil
}

// get gets a page of the list.
func (p *api) get(ctx context.Context, query url.Values) (page ListPage, err error) {
	u := p.list
	u.RawQuery = query.Encode()
	if err = getJSON(ctx, p.client, u, ListPath, "", &page); err == nil && page.Calls == nil {
		err = errNoList
	}
	return page, err
}

// errNoList is of an answer that has no calls.
var errNoList = fmt.Errorf("%w (its answer is no list of calls)", ErrNoAPI)

// getJSON gets a page of a list whose path is shown in errors, with a key where that is not empty.
func getJSON(ctx context.Context, client *http.Client, u url.URL, path, key string, page any) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := client.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) { // without the address, which may hold a secret
			err = ue.Err
		}
		return fmt.Errorf("GET %s: %w", path, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, replyLimit))
	if err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= http.StatusInternalServerError:
		return fmt.Errorf("GET %s: %s", path, statusWords(resp.StatusCode))
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("%w (%s)", ErrNoAPI, statusWords(resp.StatusCode))
	}
	if err := json.Unmarshal(text, page); err != nil {
		return errNoList
	}
	return nil
}

// statusWords is a status with its name. What a server writes in place of that can be anything.
func statusWords(code int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code)))
}

// ListsByID tells whether a prober reads the list of calls of rdiostress's own server, which can be read on from an id
// and has hashes.
func ListsByID(p delivery.Place) bool {
	a, ok := p.(*api)
	return ok && a.byID
}
