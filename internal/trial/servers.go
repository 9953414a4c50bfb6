package trial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/load"
	"rdiostress/internal/measure"
	"rdiostress/internal/preflight"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/upload"
)

// newHTTPTargets returns an endpoint for each server of a scenario, for calls that are not part of the load. The caller
// closes them.
func newHTTPTargets(s *scenario.Scenario, o upload.ConnectOptions) (all []*upload.HTTPTarget, err error) {
	for i := range s.URLs() {
		one := s.At(i)
		target, err := upload.NewHTTPTarget(&one, o)
		if err != nil {
			closeAll(all)
			return nil, err
		}
		all = append(all, target)
	}
	return all, nil
}

func closeAll(targets []*upload.HTTPTarget) {
	for _, t := range targets {
		t.Close()
	}
}

// joinLearned is what was learned of several servers that are driven together: what one of them needs, all get. Replies
// to first calls are those of the first server, and what other servers did not accept.
func joinLearned(all []preflight.Learned, urls []string) preflight.Learned {
	one := all[0]
	if len(all) == 1 {
		return one
	}
	one.Warnings = nil
	for i, l := range all {
		for _, w := range l.Warnings {
			one.Warnings = append(one.Warnings, urls[i]+": "+w)
		}
		if l.Server != one.Server {
			one.Warnings = append(one.Warnings, fmt.Sprintf("the servers are of different kinds: %s is %s, %s is %s",
				urls[0], cmp.Or(one.Server, unknownServer), urls[i], cmp.Or(l.Server, unknownServer)))
		}
		if i == 0 {
			continue
		}
		one.Learns = one.Learns || l.Learns
		one.Milliseconds = one.Milliseconds && l.Milliseconds
		one.AcknowledgesFirst = one.AcknowledgesFirst || l.AcknowledgesFirst
		one.DuplicateWindow = max(one.DuplicateWindow, l.DuplicateWindow)
		if one.NeverConnects == nil {
			one.NeverConnects = l.NeverConnects
		}
		one.Accepted += l.Accepted
		for _, r := range l.FirstReplies {
			if !r.Accepted || r.DatesUnread || r.FormUnread {
				one.FirstReplies = append(one.FirstReplies, r)
			}
		}
	}
	return one
}

const unknownServer = "one that is not recognised"

// newConnectionTest returns the connection test of clients that behave as real ones. With several servers, a test goes
// to the one that the next call of its system may go to.
func newConnectionTest(s *scenario.Scenario, targets []*upload.HTTPTarget) load.ConnectionTest {
	spread := s.Spread()
	var n atomic.Uint64
	return func(ctx context.Context, system int64) (bool, string) {
		return targets[spread.Server(n.Add(1)-1, system, 0)].TestConnection(ctx, system)
	}
}

// fillServers records what each of several servers is.
func (r *run) fillServers(res *measure.Result) {
	for i := range res.Servers {
		if i < len(r.learned.Kinds) {
			res.Servers[i].Server = r.learned.Kinds[i]
		}
	}
}

// kinds returns what each of several servers is, by its replies; nil if there is one.
func kinds(all []preflight.Learned) (names []string) {
	if len(all) == 1 {
		return nil
	}
	for _, l := range all {
		names = append(names, l.Server)
	}
	return slices.Clip(names)
}

// checkShared finds out whether the calls that each of several servers stores are seen in the one place that is looked
// at, by a call to each. If not, storage is not verified: calls of the others would look lost.
func (r *run) checkShared(ctx context.Context) error {
	look, _ := r.verification.Names(ctx)
	before, counts := r.verification.Counted(ctx)
	if len(r.plan.Scenario.MoreURLs) == 0 || look == nil && !counts {
		return nil
	}
	s := r.scenario()
	targets, err := newHTTPTargets(&s, r.connect)
	if err != nil {
		return err
	}
	defer closeAll(targets)
	all := severalOf(targets)
	calls := r.newTraffic(&s, time.Now())
	pair := calls.UsedPairs(&s, r.usesAll())[0]
	if known := r.learned.knownPairs(calls); len(known) > 0 {
		pair = known[0]
	}
	work := &preflight.Primer{
		Traffic: calls, Uploader: all.Uploader(), Servers: len(all), Before: 2 * measure.MaxServers, Max: sharedMax,
		Poll: look,
	}
	defer work.Uploader.Close()
	done := work.Run(ctx, []int{pair})
	if look == nil {
		done.Stored = r.awaitCount(ctx, before, done.Accepted)
	}
	r.learned.Accepted += uint64(done.Accepted)
	if done.Stored >= done.Accepted || ctx.Err() != nil {
		return ctx.Err()
	}
	r.learned.Apart = fmt.Sprintf("only %d of %d calls show where calls are looked for, though each server took "+
		"one: it may keep its own, and lost calls could not be told from those", done.Stored, done.Accepted)
	r.verification.GiveUp(r.learned.Apart)
	r.learned.Storage = ""
	r.emit(event.StorageUnreadable{Why: r.learned.Apart})
	return nil
}

// awaitCount waits until so many more calls are stored than before, and returns how many are.
func (r *run) awaitCount(ctx context.Context, before int64, want int) (stored int) {
	for began := time.Now(); time.Since(began) < sharedMax/2; {
		if now, ok := r.verification.Counted(ctx); ok {
			if stored = int(max(now-before, 0)); stored >= want {
				return want
			}
		}
		if clock.Sleep(ctx, sharedEvery) != nil {
			break
		}
	}
	return stored
}

// sharedEvery is how often stored calls are counted.
const sharedEvery = 20 * time.Millisecond

// sharedMax is how long a call to each server may take until all are seen.
const sharedMax = 30 * time.Second

func severalOf(targets []*upload.HTTPTarget) (all upload.Several) {
	for _, t := range targets {
		all = append(all, t)
	}
	return all
}

// pagesOf makes a client for lists of calls ask another server where the first of several does not answer.
func pagesOf(c *http.Client, s *scenario.Scenario) *http.Client {
	if len(s.MoreURLs) == 0 {
		return c
	}
	pages := &anyServer{next: c.Transport}
	for i := range s.URLs() {
		one := s.At(i)
		u, err := one.UploadURL()
		if err != nil {
			return c // the plan was validated
		}
		u.Path = strings.TrimSuffix(u.Path, rdio.UploadPath)
		pages.bases = append(pages.bases, u)
	}
	other := *c
	other.Transport = pages
	return &other
}

// anyServer sends what is for the first of several servers to the next one that answers, beginning with the one that
// answered last.
type anyServer struct {
	next  http.RoundTripper
	bases []*url.URL // the servers' addresses without upload paths
	last  atomic.Int32
}

// answerIn is how long a server may take to begin its answer before the next one is asked.
const answerIn = 10 * time.Second

// RoundTrip implements http.RoundTripper.
func (t *anyServer) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	first := t.bases[0]
	if r.URL.Host != first.Host || r.Body != nil || !strings.HasPrefix(r.URL.Path, first.Path) {
		return t.next.RoundTrip(r)
	}
	begin := int(t.last.Load())
	for i := range t.bases {
		at := (begin + i) % len(t.bases)
		u := *r.URL
		u.Host, u.Path = t.bases[at].Host, t.bases[at].Path+strings.TrimPrefix(u.Path, first.Path)
		if resp, err = t.ask(r, &u); err == nil {
			t.last.Store(int32(at))
			return resp, nil
		}
		if r.Context().Err() != nil {
			break
		}
	}
	return nil, err
}

// ask sends a request to an address. It gives up if no answer begins in time.
func (t *anyServer) ask(r *http.Request, at *url.URL) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	late := time.AfterFunc(answerIn, func() { cancel(errors.New("no answer in time")) })
	one := r.Clone(ctx)
	one.URL, one.Host = at, ""
	resp, err := t.next.RoundTrip(one)
	if late.Stop(); err != nil {
		cancel(nil)
		return nil, err
	}
	resp.Body = &canceledBody{resp.Body, cancel}
	return resp, nil
}

// canceledBody ends the request of a body when it is closed.
type canceledBody struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

// Close implements io.Closer.
func (b *canceledBody) Close() error {
	defer b.cancel(nil)
	return b.ReadCloser.Close()
}

// CloseIdleConnections is called by the client.
func (t *anyServer) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
