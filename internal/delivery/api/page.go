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
)

const (
	replyLimit   = 32 << 20 // a thousand calls with escaped labels of a kilobyte
	apiTimeout   = 20 * time.Second
	pagePatience = 2 * time.Minute // while the server refuses a page: rate limits count by the minute
	firstPause   = 100 * time.Millisecond
	maxPause     = time.Minute // the longest pause that a server may ask for
)

// pageError is a page that a server did not return.
type pageError struct {
	path  string
	code  int
	after time.Duration // when the server says to ask again; 0 if it does not say
}

func (e *pageError) Error() string { return fmt.Sprintf("GET %s: %s", e.path, statusWords(e.code)) }

// isTemporary reports whether the server may return the page later.
func (e *pageError) isTemporary() bool {
	return e.code == http.StatusTooManyRequests || e.code >= http.StatusInternalServerError
}

// isGone reports whether a cursor is no longer valid because the list is another one by now.
func isGone(err error) bool {
	var e *pageError
	return errors.As(err, &e) && e.code == http.StatusGone
}

// retryPage gets a page. It retries after a pause if the server is busy, limits requests or restarts after a crash.
func retryPage[P any](
	ctx context.Context, pause time.Duration, get func(context.Context, url.Values) (P, error), query url.Values,
) (page P, err error) {
	since, next := time.Now(), min(firstPause, pause)
	for {
		page, err = get(ctx, query)
		var refused *pageError
		isRefused := errors.As(err, &refused)
		isFinal := err == nil || errors.Is(err, ErrNoAPI) || isRefused && !refused.isTemporary()
		if isFinal || time.Since(since) >= pagePatience {
			return page, err
		}
		wait := next
		switch {
		case isRefused && refused.after > 0:
			wait = min(refused.after, maxPause)
		case isRefused && refused.code == http.StatusTooManyRequests:
			wait = pause
		}
		next = min(2*next, pause)
		if serr := clock.Sleep(ctx, wait); serr != nil {
			return page, errors.Join(err, serr)
		}
	}
}

// ListPage is a page of the list.
type ListPage struct {
	Calls   []ListedCall `json:"calls"`
	Total   int64        `json:"total"`
	AfterID *int64       `json:"after_id"`

	NextCursor string `json:"next_cursor,omitempty"` // where the list goes on, if it is followed by a cursor
}

// ListedCall is a call on a page.
type ListedCall struct {
	ID        int64  `json:"id"`
	Timestamp string `json:"timestamp"`
	System    Number `json:"system_id"`
	Talkgroup Number `json:"talkgroup_id"`
	Name      string `json:"audio_filename"`
	Size      *int64 `json:"audio_size_bytes"`
	Sum       string `json:"audio_sha256"`

	Transcript *ListedTranscript `json:"transcript,omitempty"` // absent if the call was never queued for one
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

// Number is a number in JSON, or one in quotes, which is how sdrtrunk-rdio-api writes systems. Anything else is 0.
type Number int64

// UnmarshalJSON implements json.Unmarshaler.
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

// errNoList means that an answer has no calls.
var errNoList = fmt.Errorf("%w (its answer is no list of calls)", ErrNoAPI)

// getJSON gets a page of a list. Errors name the path. A key is sent if it is not empty.
func getJSON(ctx context.Context, client *http.Client, u url.URL, path, key string, page any) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout) // for the whole page, however slow it is
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
	if resp.StatusCode == http.StatusSwitchingProtocols { // net/http would then read without a deadline
		return fmt.Errorf("%w (%s)", ErrNoAPI, statusWords(resp.StatusCode))
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, replyLimit+1))
	if err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	refused := &pageError{path: path, code: resp.StatusCode}
	switch {
	case len(text) > replyLimit:
		return fmt.Errorf("GET %s: a page of more than %d MB", path, replyLimit>>20)
	case refused.isTemporary():
		if seconds, err := strconv.ParseUint(resp.Header.Get("Retry-After"), 10, 16); err == nil {
			refused.after = time.Duration(seconds) * time.Second
		}
		return refused
	case resp.StatusCode == http.StatusGone:
		return refused
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("%w (%s)", ErrNoAPI, statusWords(resp.StatusCode))
	}
	if err := json.Unmarshal(text, page); err != nil {
		return errNoList
	}
	return nil
}

// statusWords returns a status with its standard name, since a server can write anything in place of that.
func statusWords(code int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code)))
}
