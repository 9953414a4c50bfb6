package api

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"rdiostress/internal/delivery"
)

// ListedTranscript is what a list says of a call's transcript.
type ListedTranscript struct {
	State     string   `json:"state"` // "waiting", "running", "done" or "failed"
	Engine    string   `json:"engine"`
	Completed string   `json:"completed_at"` // as RFC 3339
	DelayS    *float64 `json:"delay_s"`      // from the call being stored to the transcript being stored
}

// transcript returns what a page says of a call's transcript.
func (c *ListedCall) transcript() delivery.Transcript {
	t := delivery.Transcript{Delay: -1}
	l := c.Transcript
	if l == nil {
		return t
	}
	t.Engine = l.Engine
	switch l.State {
	case "done":
		t.State = delivery.TranscriptMade
	case "failed":
		t.State = delivery.TranscriptFailed
	default:
		t.State = delivery.TranscriptWaiting
		return t
	}
	t.Made, _ = time.Parse(time.RFC3339Nano, l.Completed) // zero if it cannot be read
	const most = float64(1 << 33)                         // s, that a Duration can hold
	if l.DelayS != nil && *l.DelayS >= 0 && *l.DelayS < most {
		t.Delay = time.Duration(*l.DelayS * float64(time.Second))
	}
	return t
}

// OpenTranscripts implements TranscriptReader.
func (p *api) OpenTranscripts(context.Context) (s delivery.TranscriptSource, err error) {
	if p.cursor == "" {
		return s, fmt.Errorf("%w: the list of calls of this server has none", delivery.ErrNoTranscripts)
	}
	return delivery.TranscriptSource{Words: "GET " + ListPath, Clock: p.compareTranscriptClock}, nil
}

// ReadTranscripts implements TranscriptReader.
func (p *api) ReadTranscripts(ctx context.Context, visit func(*delivery.Row, delivery.Transcript)) error {
	if p.transcribed == "" {
		p.transcribed = p.cursor
	}
	for at, allFinal := p.transcribed, true; ; {
		page, err := retryPage(ctx, p.pause, p.get, url.Values{"cursor": {at}, "per_page": {strconv.Itoa(MaxPage)}})
		switch {
		case isGone(err):
			p.beginAnew()
			return fmt.Errorf("GET %s: %w", ListPath, delivery.ErrBegunAnew)
		case err != nil:
			return err
		}
		for i := range page.Calls {
			row, t := page.Calls[i].row(), page.Calls[i].transcript()
			if page.Calls[i].Transcript != nil {
				p.heard = page.Calls[i].ID
			}
			allFinal = allFinal && t.State != delivery.TranscriptWaiting
			visit(&row, t)
		}
		if len(page.Calls) < MaxPage {
			return nil
		}
		if page.NextCursor == at || page.NextCursor == "" {
			return fmt.Errorf("GET %s: %w", ListPath, errNothingNew)
		}
		if at = page.NextCursor; allFinal {
			p.transcribed = at
		}
	}
}

// compareTranscriptClock bounds how far the clock is ahead that dates transcripts: it may be that of a database, which
// several servers share. A call's own page says what it shows.
func (p *api) compareTranscriptClock(ctx context.Context) (o delivery.Offset, err error) {
	if p.heard == 0 {
		return o, errors.New("no call has a transcript")
	}
	u := p.list
	u.Path += "/" + strconv.FormatInt(p.heard, 10)
	var page struct {
		Transcript struct {
			Read string `json:"read_at"`
		} `json:"transcript"`
	}
	sent := time.Now()
	err = getJSON(ctx, p.client, u, ListPath+"/{id}", "", &page)
	got := time.Now()
	if err != nil {
		return o, err
	}
	theirs, err := time.Parse(time.RFC3339Nano, page.Transcript.Read)
	if err != nil {
		return o, fmt.Errorf("GET %s/{id} does not say when the transcript was read", ListPath)
	}
	const rounded = time.Millisecond
	return delivery.Offset{Low: theirs.Sub(got.Round(0)) - rounded, High: theirs.Sub(sent.Round(0)) + rounded}, nil
}

// OpenTranscripts implements TranscriptReader.
func (p *trEngineAPI) OpenTranscripts(context.Context) (delivery.TranscriptSource, error) {
	return delivery.TranscriptSource{}, fmt.Errorf(
		"%w: tr-engine's list of calls does not say when they were made, only its database does",
		delivery.ErrNoTranscripts)
}

// ReadTranscripts implements TranscriptReader.
func (p *trEngineAPI) ReadTranscripts(context.Context, func(*delivery.Row, delivery.Transcript)) error {
	return delivery.ErrNoTranscripts
}
