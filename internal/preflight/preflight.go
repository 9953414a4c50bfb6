package preflight

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
)

const (
	// preflightTries is how often a request is made before a server that answers with 5xx or 429 is taken to always do
	// so.
	preflightTries = 3
	// probeDates is with how many dates a first call is tried that the server takes for a duplicate, of a call of an
	// earlier run perhaps.
	probeDates = 3
	// preflightWait is how long a request waits for its reply at most, and how long the duplicate window is looked for.
	preflightWait = 30 * time.Second
)

// run is a look at a server before a run.
type run struct {
	*upload.HTTPUploader
	target  *upload.HTTPTarget
	traffic *traffic.Traffic
	learned Learned
	known   bool          // a reply was one of a server that takes calls
	date    time.Duration // what the latest call is dated, since the first of them
	apart   time.Duration // how far apart first calls are dated at least
	dates   uint64        // how many were given out
	sought  bool          // the duplicate window was looked for
}

// Preflight looks whether the target can be tested at all: whether its name resolves, something listens, speaks HTTP
// and the RdioScanner protocol, and takes the key. The latter shows only when a call is sent, so each client of the
// mix sends one (see [Traffic.Probe]), after SDRTrunk's connection test. The error is a *TargetError. A server that
// merely fails is not refused, since that is what a run is to measure; a warning says so.
//
// Where the server says that a call is a duplicate, a few calls more find out how far apart calls of a talkgroup have
// to begin.
//
// Each request has the target's timeout for itself. A server that has answered all of them in time is never said not
// to answer, however many there were. Where ctx ends, the error is ctx's.
func Run(ctx context.Context, t *upload.HTTPTarget, traffic *traffic.Traffic) (Learned, error) {
	if err := t.Reach(ctx); err != nil {
		return Learned{}, err
	}
	p := &run{HTTPUploader: t.NewUploader(), target: t, traffic: traffic}
	p.apart = max(leastApart, traffic.Step())
	err := p.test(ctx)
	for _, client := range t.Clients() {
		if err == nil {
			err = p.first(ctx, client)
		}
	}
	switch {
	case ctx.Err() != nil:
		return Learned{}, ctx.Err() // whatever the last reply was
	case err != nil:
		return Learned{}, err
	}
	p.warnOfServer()
	return p.learned, nil
}

// leastApart is how far apart first calls are dated at least: more than any server's window that is known.
const leastApart = 61 * time.Second

// test makes SDRTrunk's connection test. Other clients do not make it, so where SDRTrunk is not among them, it tells
// what the server is and rules no run out. Nor does a server that does not know the test, as tr-engine does not.
func (p *run) test(ctx context.Context) error {
	system, _ := p.traffic.Pair(0)
	form := upload.NewForm(rdio.SDRTrunk, p.target.Endpoint(rdio.SDRTrunk).Encoder.AppendTest(nil, system), nil, nil)
	a, line, _ := p.try(ctx, form)
	p.learned.recognise(recogniseTest(a.Status, p.Header, p.Text))
	p.learned.Learns = a.Status == http.StatusExpectationFailed
	p.learned.Milliseconds = p.learned.Server == ServerRdio7
	p.known = p.learned.Server != "" || speaksRdio(line)
	elsewhere := a.Status == 0 || isRedirect(a.Status) || isMissing(a.Status) || a.Class == measure.Unauthorised
	if elsewhere && p.mixHas(rdio.SDRTrunk) {
		return p.judge(rdio.SDRTrunk, &a, line)
	}
	return nil
}

func (p *run) mixHas(c rdio.Client) bool { return slices.Contains(p.target.Clients(), c) }

// first sends a client's first call, and learns from its reply. A call of an earlier run may be dated close to it, so
// another date is tried where the server takes it for a duplicate.
func (p *run) first(ctx context.Context, c rdio.Client) error {
	var a upload.Attempt
	var line string
	r := measure.FirstReply{Client: c.String(), Address: p.target.Endpoint(c).Address()}
	var at time.Duration
	for range probeDates {
		at = p.nextDate()
		var tries int
		a, line, tries = p.call(ctx, &upload.Request{Client: c}, at)
		r.Tries += tries
		if a.Class != measure.Duplicate {
			break
		}
	}
	if isTREngine(a.Status, p.Text) {
		p.learned.recognise(ServerTREngine)
	}
	p.known = p.known || p.learned.Server != ""
	if err := p.judge(c, &a, line); err != nil {
		return err
	}
	p.known = p.known || speaksRdio(line)
	r.Status, r.Reply, r.Accepted = a.Status, line, a.Class == measure.Accepted
	r.DatesUnread = a.Class == measure.Duplicate || r.Accepted && p.otherDate(at)
	if isUnreadable(a.Status) {
		r.FormUnread = p.takesOthers(ctx, c)
	}
	p.learned.FirstReplies = append(p.learned.FirstReplies, r)
	p.warnOfReply(c, &a, &r)
	if r.Accepted && !r.DatesUnread && !p.sought {
		p.learnWindow(ctx, c, at)
	}
	return nil
}

// nextDate is what the next call is dated that is to be no duplicate, since the first of them.
func (p *run) nextDate() time.Duration {
	if p.dates > 0 {
		p.date += p.traffic.ProbeDistance(p.dates, p.apart)
	}
	p.dates++
	return p.date
}

// isUnreadable tells whether a status may be that of a form that the server cannot read.
func isUnreadable(status int) bool {
	switch status {
	case http.StatusInternalServerError, http.StatusBadRequest, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity, http.StatusExpectationFailed:
		return true
	default:
		return false
	}
}

// takesOthers tells whether the server takes a call of another client, which it has if it took that client's first,
// or takes now.
func (p *run) takesOthers(ctx context.Context, c rdio.Client) bool {
	if slices.ContainsFunc(p.learned.FirstReplies, func(r measure.FirstReply) bool { return r.Accepted }) {
		return true
	}
	other := rdio.SDRTrunk // whose form most servers read
	if c == other {
		other = rdio.TrunkRecorder
	}
	source, err := audio.New(traffic.KindOf(other), 0)
	if err != nil {
		return false
	}
	a, _, _ := p.call(ctx, &upload.Request{Client: other, Clip: source.Clip(traffic.ProbeAudio())}, p.nextDate())
	return a.Class == measure.Accepted || a.Class == measure.Duplicate
}

// call sends a call of the slip's client, dated some time after the first of all first calls.
func (p *run) call(ctx context.Context, s *upload.Request, at time.Duration) (a upload.Attempt, line string,
	tries int,
) {
	p.traffic.Probe(at, s)
	head, split := p.target.Endpoint(s.Client).Encoder.Append(nil, &s.Upload)
	return p.try(ctx, upload.NewForm(s.Client, head[:split], s.Body, head[split:]))
}

// try posts a form until the server does something else than fail for the moment. A server that lets a request wait
// until its time is up is not asked again, nor one that took as long as that to fail.
func (p *run) try(ctx context.Context, f *upload.Form) (a upload.Attempt, line string, tries int) {
	wait := min(p.target.Timeout(), preflightWait)
	for began := time.Now(); tries < preflightTries && time.Since(began) < wait; {
		if tries > 0 {
			select {
			case <-ctx.Done():
				return a, line, tries
			case <-time.After(100 * time.Millisecond):
			}
		}
		tries++
		limited, cancel := context.WithTimeout(ctx, wait)
		a, line = p.Post(limited, f)
		cancel()
		if a.Status > 0 && !isBusy(a.Status) || a.Class == measure.Timeout {
			break
		}
	}
	return a, line, tries
}

// otherDate tells whether the server says that a call, dated some time after the first, began at a time that is not
// near that.
func (p *run) otherDate(at time.Duration) bool {
	const near = 24 * time.Hour // a server may take it for a time of its own zone
	date, ok := startTime(p.Text)
	return ok && date.Sub(p.traffic.ProbeDate(at)).Abs() > near
}

// isBusy tells whether a status is one that any server gives when it fails for the moment.
func isBusy(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable,
		http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// speaksRdio tells whether a reply's first line is one that RdioScanner servers give.
func speaksRdio(line string) bool {
	l := strings.ToLower(line)
	for _, phrase := range []string{
		rdio.PhraseTest, rdio.PhraseIncomplete, rdio.PhraseImported, rdio.PhraseDuplicate, rdio.PhraseInvalidKey,
	} {
		if strings.Contains(l, strings.ToLower(phrase)) {
			return true
		}
	}
	return false
}
