package preflight

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/clock"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
)

const (
	// preflightTries is how often a request is made before a server that replies with 5xx or 429 is taken to always do
	// so.
	preflightTries = 3
	// probeDates is how many dates are tried for a first call that the server takes for a duplicate, possibly of a call
	// of an earlier run.
	probeDates = 3
	// preflightWait is the longest time that a request waits for its reply, and that the search for the duplicate
	// window takes.
	preflightWait = 30 * time.Second
)

// run is one preflight.
type run struct {
	*upload.HTTPUploader
	target         *upload.HTTPTarget
	traffic        *traffic.Traffic
	learned        Learned
	isServer       bool          // a reply was that of a server that takes calls
	date           time.Duration // date of the latest call, relative to the first one
	distance       time.Duration // least distance between the dates of first calls
	dates          uint64        // how many dates were used
	searchedWindow bool          // the duplicate window was searched for
}

// Run finds out whether the target can be tested at all: whether its name resolves, something listens, speaks HTTP and
// the RdioScanner protocol, and takes the key. Only a call shows the last of these, so each client of the mix sends one
// (see [traffic.Traffic.Probe]), after SDRTrunk's connection test. The error is an [upload.TargetError]. A server that
// merely fails is not refused, as a run is to measure just that; a warning mentions it.
//
// If the server says that a call is a duplicate, a few more calls find out how far apart calls of a talkgroup must
// begin.
//
// Each request has the target's whole timeout. So a server that replies to all of them in time is never said not to
// answer. If ctx ends, the error is that of ctx.
func Run(ctx context.Context, t *upload.HTTPTarget, traffic *traffic.Traffic) (Learned, error) {
	p := newRun(t, traffic)
	return p.learn(ctx)
}

// RunAll is like Run for each of several servers, which may share a database: no call to one of them is a duplicate of
// a call to another. It returns what was learned of each.
func RunAll(ctx context.Context, servers []*upload.HTTPTarget, traffic *traffic.Traffic) (all []Learned, err error) {
	var before *run
	for _, t := range servers {
		p := newRun(t, traffic)
		if before != nil {
			p.date, p.dates, p.distance = before.date, before.dates, before.distance
		}
		learned, err := p.learn(ctx)
		if err != nil {
			return nil, err
		}
		all, before = append(all, learned), p
	}
	return all, nil
}

// newRun returns a preflight that has not begun.
func newRun(t *upload.HTTPTarget, traffic *traffic.Traffic) *run {
	return &run{
		HTTPUploader: t.NewUploader(), target: t, traffic: traffic, distance: max(leastApart, traffic.Step()),
	}
}

// learn makes the preflight.
func (p *run) learn(ctx context.Context) (Learned, error) {
	if err := p.target.Reach(ctx); err != nil {
		return Learned{}, err
	}
	err := p.testConnection(ctx)
	for _, client := range p.target.Clients() {
		if err == nil {
			err = p.sendFirstCall(ctx, client)
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

// leastApart is the least distance between the dates of first calls. It is longer than the window of any known server.
const leastApart = 61 * time.Second

// testConnection makes SDRTrunk's connection test. Without SDRTrunk in the mix, the test only tells what the server is
// and rules out nothing, as other clients do not make it. A server that does not know the test, such as tr-engine,
// passes too.
func (p *run) testConnection(ctx context.Context) error {
	system, _ := p.traffic.Pair(0)
	form := upload.NewForm(rdio.SDRTrunk, p.target.Endpoint(rdio.SDRTrunk).Encoder.AppendTest(nil, system), nil, nil)
	a, line, _ := p.postUntilSettled(ctx, form)
	p.learned.recognise(recogniseTest(a.Status, p.Header, p.Text))
	p.learned.Learns = a.Status == http.StatusExpectationFailed
	p.learned.Milliseconds = p.learned.Server == ServerRdio7
	if p.hasClient(rdio.SDRTrunk) && !p.PassesTest() {
		p.learned.NeverConnects = neverConnects(upload.FormatReply(a.Status, line))
	}
	p.isServer = p.learned.Server != "" || speaksRdio(line)
	elsewhere := a.Status == 0 || rdio.IsRedirect(a.Status) || isMissing(a.Status) || a.Class == measure.Unauthorised
	if elsewhere && p.hasClient(rdio.SDRTrunk) {
		return p.judge(ctx, rdio.SDRTrunk, &a, line)
	}
	return nil
}

func (p *run) hasClient(c rdio.Client) bool { return slices.Contains(p.target.Clients(), c) }

// sendFirstCall sends a client's first call and learns from the reply. If the server takes the call for a duplicate, it
// tries another date, as a call of an earlier run may have a date close to it.
func (p *run) sendFirstCall(ctx context.Context, c rdio.Client) error {
	var a upload.Attempt
	var line string
	r := measure.FirstReply{Client: c.String(), Address: p.target.Endpoint(c).Address()}
	var at time.Duration
	for range probeDates {
		at = p.nextDate()
		var tries int
		a, line, tries = p.sendCall(ctx, &upload.Request{Client: c}, at)
		r.Tries += tries
		if a.Class != measure.Duplicate {
			break
		}
	}
	if isTREngine(a.Status, p.Text) {
		p.learned.recognise(ServerTREngine)
	}
	p.isServer = p.isServer || p.learned.Server != ""
	if err := p.judge(ctx, c, &a, line); err != nil {
		return err
	}
	p.isServer = p.isServer || speaksRdio(line)
	r.Status, r.Reply, r.Accepted = a.Status, line, a.Class == measure.Accepted
	r.DatesUnread = a.Class == measure.Duplicate || r.Accepted && p.saysOtherDate(at)
	if isUnreadable(a.Status) {
		r.FormUnread = p.takesOthers(ctx, c)
	}
	p.learned.FirstReplies = append(p.learned.FirstReplies, r)
	p.warnOfReply(c, &a, &r)
	if r.Accepted && !r.DatesUnread && !p.searchedWindow {
		p.learnWindow(ctx, c, at)
	}
	return nil
}

// nextDate returns the date of the next call that is to be no duplicate, relative to the first one.
func (p *run) nextDate() time.Duration {
	if p.dates > 0 {
		p.date += p.traffic.ProbeDistance(p.dates, p.distance)
	}
	p.dates++
	return p.date
}

// isUnreadable reports whether a status may mean that the server cannot read a form.
func isUnreadable(status int) bool {
	switch status {
	case http.StatusInternalServerError, http.StatusBadRequest, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity, http.StatusExpectationFailed:
		return true
	default:
		return false
	}
}

// takesOthers reports whether the server takes a call of another client: it has taken that client's first call, or
// takes one now.
func (p *run) takesOthers(ctx context.Context, c rdio.Client) bool {
	if slices.ContainsFunc(p.learned.FirstReplies, func(r measure.FirstReply) bool { return r.Accepted }) {
		return true
	}
	other := rdio.SDRTrunk // most servers read its form
	if c == other {
		other = rdio.TrunkRecorder
	}
	source, err := audio.New(traffic.KindOf(other), 0)
	if err != nil {
		return false
	}
	a, _, _ := p.sendCall(ctx, &upload.Request{Client: other, Clip: source.Clip(traffic.ProbeAudio())}, p.nextDate())
	return a.Class == measure.Accepted || a.Class == measure.Duplicate
}

// sendCall sends a call of the request's client, dated at a distance from the first of all calls.
func (p *run) sendCall(
	ctx context.Context, r *upload.Request, at time.Duration,
) (a upload.Attempt, line string, tries int) {
	p.traffic.Probe(at, r)
	head, split := p.target.Endpoint(r.Client).Encoder.Append(nil, &r.Upload)
	return p.postUntilSettled(ctx, upload.NewForm(r.Client, head[:split], r.Body, head[split:]))
}

// postUntilSettled posts a form until the server does something else than fail temporarily. It gives up if the server
// has used up the time for a request, by not replying or by failing slowly.
func (p *run) postUntilSettled(ctx context.Context, f *upload.Form) (a upload.Attempt, line string, tries int) {
	wait := min(p.target.Timeout(), preflightWait)
	for began := time.Now(); tries < preflightTries && time.Since(began) < wait; {
		if tries > 0 {
			if clock.Sleep(ctx, 100*time.Millisecond) != nil {
				return a, line, tries
			}
		}
		tries++
		limited, cancel := context.WithTimeout(ctx, wait)
		a, line = p.Post(limited, f)
		cancel()
		if a.Class == measure.Accepted {
			p.learned.Accepted++
		}
		if a.Status > 0 && !isBusy(a.Status) || a.Class == measure.Timeout {
			break
		}
	}
	return a, line, tries
}

// saysOtherDate reports whether the server's reply says that a call began at a time far from its date.
func (p *run) saysOtherDate(at time.Duration) bool {
	const near = 24 * time.Hour // the server may have taken the date for one in its own zone
	date, ok := startTime(p.Text)
	return ok && date.Sub(p.traffic.ProbeDate(at)).Abs() > near
}

// isBusy reports whether a status is one that any server may return when it fails temporarily.
func isBusy(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// speaksRdio reports whether the first line of a reply is one of RdioScanner servers.
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
