package mischief

import (
	"context"
	"math/rand/v2"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/measure"
	"rdiostress/internal/scenario"
	"rdiostress/internal/secret"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
)

// Options say which mischief accompanies a run.
type Options struct {
	Mix      Mix
	Scenario *scenario.Scenario
	Connect  upload.ConnectOptions
	Traffic  *traffic.Traffic // of the good calls, so that no good call duplicates a bad one
	RunID    string
	Start    time.Time // start of the run, with its monotonic reading
	// Calls returns how many good calls were sent so far, as far as known.
	Calls func() measure.Snapshot
	// Local means that the server may write to this machine's disk.
	Local bool
}

// Campaign is the mischief of one run. The caller must call Stop.
type Campaign struct {
	*sender
	cancel  context.CancelFunc
	senders sync.WaitGroup
	over    chan struct{} // closed when the senders have ended
	watcher sync.WaitGroup
}

// sender is what the senders of all kinds share.
type sender struct {
	Options
	options  upload.ConnectOptions
	url      *url.URL
	key      string
	redactor *secret.Redactor // hides the key
	timeout  time.Duration
	plan     plan
	stopping chan struct{}
	stopOnce sync.Once              // closes stopping
	calls    atomic.Uint64          // made so far, so that each has its own number
	before   atomic.Pointer[uint64] // good calls before mischief began; closed model only
	crash    crashWatch
	tally    *tally
}

// Start sends mischief until the plan is over, ctx ends or Stop is called.
func Start(ctx context.Context, o Options) (*Campaign, error) {
	u, err := o.Scenario.UploadURL()
	if err != nil {
		return nil, err
	}
	s := &sender{
		Options: o, options: o.Connect, url: u, key: o.Scenario.Key, redactor: secret.NewRedactor(o.Scenario.Key),
		timeout: o.Scenario.Timeout,
		plan:    newPlan(o.Scenario), stopping: make(chan struct{}), tally: newTally(o.Mix),
	}
	ctx, cancel := context.WithCancel(ctx)
	c := &Campaign{sender: s, cancel: cancel, over: make(chan struct{})}
	for i, share := range o.Mix {
		k := kindOf(share.Kind)
		c.senders.Go(func() { s.run(ctx, k, share, i) })
	}
	c.senders.Go(func() { s.stopAtEnd(ctx) })
	c.watcher.Go(func() { s.watchForCrash(ctx, c.over) })
	return c, nil
}

// Stop sends no more, waits until the requests in flight have ended, and returns the result. Slow requests send the
// rest at once, and those that only keep a connection are given up. The series are the run's seconds; limited reports
// whether they show the limits of the generator rather than of the server.
func (c *Campaign) Stop(series []measure.Point, limited bool) *measure.Mischief {
	c.stopSending()
	c.senders.Wait()
	close(c.over)
	c.watcher.Wait()
	c.cancel()
	if limited {
		c.plan.absent = "the generator was at its limit, which slows good calls down too"
	}
	return c.tally.result(func(ended time.Duration) measure.GoodCalls { return c.plan.compareGoodCalls(series, ended) })
}

// stopSending stops sending new requests, and makes those in flight end soon.
func (s *sender) stopSending() { s.stopOnce.Do(func() { close(s.stopping) }) }

// stopAtEnd ends the mischief at its planned time.
func (s *sender) stopAtEnd(ctx context.Context) {
	if clock.Wait(time.Until(s.Start.Add(s.plan.to)), ctx.Done(), s.stopping) {
		s.stopSending()
	}
}

func kindOf(name string) *kind {
	for _, k := range kinds() {
		if k.name == name {
			return &k
		}
	}
	return nil // unreachable: a Mix has only known names
}

// stagger is the delay between the starts of the kinds, so that they do not all start at once.
const stagger = 30 * time.Millisecond

// run sends the requests of one kind, each when it is due.
func (s *sender) run(ctx context.Context, k *kind, share Share, index int) {
	slots := make(chan struct{}, k.limit())
	var underWay sync.WaitGroup
	defer underWay.Wait()
	if !clock.Wait(time.Until(s.Start.Add(s.plan.from+time.Duration(index)*stagger)), ctx.Done(), s.stopping) {
		return
	}
	for n := uint64(0); s.waitFor(ctx, float64(n)*100/share.Percent); n++ {
		select {
		case slots <- struct{}{}:
		default:
			s.tally.addSkipped(index)
			continue
		}
		underWay.Go(func() {
			defer func() { <-slots }()
			s.sendOne(ctx, k, index, n)
		})
	}
}

// firstNumber is above the numbers of the good calls.
const firstNumber = 1 << 40

// sendOne makes one request.
func (s *sender) sendOne(ctx context.Context, k *kind, index int, n uint64) {
	at := time.Since(s.Start)
	number := s.calls.Add(1)
	call := &upload.Request{}
	if !s.Traffic.Extra(firstNumber+number, at, call) {
		s.tally.addSkipped(index)
		return
	}
	m := &maker{
		url: s.url, key: s.key, runID: s.RunID, kind: k.name, n: n, now: time.Now,
		rng: rand.New(rand.NewPCG(s.Scenario.Seed, number)), call: call,
	}
	req := k.make(m)
	s.crash.begin(number, k)
	out := s.send(ctx, req)
	s.crash.end(number, out)
	s.tally.add(index, k, at, req.name, out)
	if k.name == pathTraversal && s.Local {
		s.findFileOutside(k, at, req.name)
	}
}
