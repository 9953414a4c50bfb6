package preflight

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/measure"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
)

// Primer makes a server learn talkgroups before a run, with one call of each. It sends the next call when the one
// before it is stored. So a server that acknowledges calls before it stores them has no queue of them when the run
// begins. The fields are set before Run and not changed afterwards.
type Primer struct {
	Traffic  *traffic.Traffic
	Uploader upload.Uploader
	Servers  int           // how many servers each learn the talkgroups; 0 is one
	Before   int           // calls of a talkgroup that were sent like this before
	Max      time.Duration // how long Run may take
	Every    time.Duration // least time between two calls if stored calls cannot be seen

	// Poll calls stored with the names of the audio files that the server has stored since the last Poll, and logged
	// with the lines that its log has got since then, if it has one. It is nil if stored calls cannot be seen.
	Poll func(ctx context.Context, found func(name string), told func(line string)) error

	mu       sync.Mutex
	progress PrimeProgress
}

// PrimeProgress is how far a Primer has come.
type PrimeProgress struct {
	Sent, Learned, Total int
	Left                 time.Duration // until all are learned, by the latest pace; 0 is unknown
}

// Primed is the result of priming.
type Primed struct {
	Sent, Accepted int
	Stored         int   // how many of the calls sent were stored; 0 if that cannot be seen
	Learned        []int // pairs whose calls were stored, or accepted if stored calls cannot be seen
	Took           time.Duration
	TimeUp         bool
	Refused        string // first reply that did not accept a call; empty if there was none

	// LearnTimes are how long it took to store the calls of Learned. They leave out the first call, which waits for
	// what the server does before it, and calls that waited for another of these calls.
	LearnTimes []time.Duration
	UsualTimes []time.Duration // how long it took to store calls of pairs that were known
}

const (
	// primePatience is how long to wait for any of the calls to be stored. After that, the calls that are waited for
	// are late, and the next one is sent. Other calls that the server stores do not count: a server in use stores calls
	// all the time, even if it has lost one of these.
	primePatience = 5 * time.Second
	// primeMostLate is how many calls may be late. Then no call is sent until one of them is stored.
	primeMostLate = 3
	// primeGiveUp is how long to wait for any of the calls before giving up. As long as none was stored, other calls
	// count too, as the server may have to store those first.
	primeGiveUp = 3 * primePatience
	// primeRefusals in a row end priming: how the server refuses calls is for the run to measure.
	primeRefusals = 3
	refusalPause  = 200 * time.Millisecond

	// The server is polled so often that times are known to a tenth, within these limits.
	primePollLeast, primePollMost = 5 * time.Millisecond, 250 * time.Millisecond
	primePollShare                = 10
	// primeRest is the least pause after a poll, as a multiple of how long the poll took.
	primeRest = 3

	// If there are usualLeast pairs, usualCalls of known pairs are sent among the others, to learn what storing a call
	// takes anyway.
	usualCalls, usualLeast = 5, 10
)

// priming is one run of a Primer.
type priming struct {
	*Primer
	jobs         []primeJob
	next         int // index of the next job
	sent         map[uint64]*sentJob
	lastProgress time.Time // when one of the calls was last sent or stored
	lastOther    time.Time // when another call was last stored
	began        time.Time
	refused      int // refusals in a row
	out          Primed
	known        map[int]bool
	learnedBy    map[int]int // how many servers have learned a pair
	call         upload.Request
}

// primeJob is a call to send.
type primeJob struct {
	pair   int
	server int
	known  bool // the pair is known to the server
}

// sentJob is a call that was accepted and is not stored yet.
type sentJob struct {
	primeJob
	at     time.Time
	state  waitState
	queued bool // it was sent while the server had others to store
}

// waitState says whether a call is waited for.
type waitState int

const (
	awaited waitState = iota
	late              // the next call does not wait for it
	lost              // a later call was stored: it is no longer waited for
)

// Run sends the calls until all are stored, Max has passed or ctx ends. It may be called once.
func (p *Primer) Run(ctx context.Context, pairs []int) Primed {
	ctx, cancel := context.WithTimeout(ctx, p.Max)
	defer cancel()
	now := time.Now()
	r := &priming{Primer: p, sent: make(map[uint64]*sentJob), known: make(map[int]bool), began: now, lastProgress: now}
	r.learnedBy = make(map[int]int)
	r.plan(pairs)
	r.updateProgress()
	if p.Poll == nil {
		r.runBlind(ctx)
	} else {
		r.runSeen(ctx)
	}
	r.out.Took = time.Since(r.began)
	r.out.TimeUp = ctx.Err() != nil && r.out.Took >= p.Max
	return r.out
}

// plan lists the calls to send.
func (p *priming) plan(pairs []int) {
	compares := p.Poll != nil && len(pairs) >= usualLeast
	for i, pair := range pairs {
		for server := range p.servers() {
			p.jobs = append(p.jobs, primeJob{pair: pair, server: server})
		}
		// After each fifth of the pairs comes another call of its last pair.
		if part := (i + 1) * usualCalls / len(pairs); compares && part > i*usualCalls/len(pairs) {
			p.jobs = append(p.jobs, primeJob{pair: pairs[part-1], known: true})
		}
	}
}

// servers returns how many servers learn the talkgroups.
func (p *Primer) servers() int { return max(p.Servers, 1) }

// Progress returns how far the Primer has come. It is safe for concurrent use.
func (p *Primer) Progress() PrimeProgress {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.progress
}

// runSeen sends each call when the one before it is stored.
func (p *priming) runSeen(ctx context.Context) {
	for ctx.Err() == nil && p.refused < primeRefusals {
		if time.Since(p.lastProgress) >= primePatience {
			p.change(awaited, late, math.MaxUint64)
		}
		open, behind := p.count(awaited), p.count(late)
		switch {
		case p.next < len(p.jobs) && open == 0 && behind < primeMostLate:
			p.send(ctx)
		case open+behind == 0, p.isStuck():
			return
		}
		began := time.Now()
		if err := p.Poll(ctx, p.stored, p.logged); err != nil {
			_ = clock.Sleep(ctx, primePollMost) // for example, the database is locked
		} else if len(p.sent) > 0 {
			every := min(max(time.Since(p.lastProgress)/primePollShare, primePollLeast), primePollMost)
			_ = clock.Sleep(ctx, max(every, primeRest*time.Since(began)))
		}
	}
}

// isStuck reports whether waiting for a call to be stored is pointless.
func (p *priming) isStuck() bool {
	last := p.lastProgress
	if p.out.Stored == 0 && p.lastOther.After(last) {
		last = p.lastOther
	}
	return time.Since(last) >= primeGiveUp
}

// count returns how many calls are in a state.
func (p *priming) count(state waitState) (n int) {
	for _, s := range p.sent {
		if s.state == state {
			n++
		}
	}
	return n
}

// change moves all calls before a number from one state to another.
func (p *priming) change(from, to waitState, before uint64) {
	for n, s := range p.sent {
		if n < before && s.state == from {
			s.state = to
		}
	}
}

// runBlind sends the calls at a fixed pace.
func (p *priming) runBlind(ctx context.Context) {
	for p.next < len(p.jobs) && p.refused < primeRefusals {
		_ = clock.Sleep(ctx, time.Until(p.began.Add(time.Duration(p.next)*p.Every)))
		if ctx.Err() != nil {
			return
		}
		p.send(ctx)
	}
}

// send sends the next call.
func (p *priming) send(ctx context.Context) {
	job := p.jobs[p.next]
	p.next++
	if job.known && !p.known[job.pair] {
		return // its time would not be a usual one
	}
	n := uint64(p.out.Sent)
	before := p.Before + 2*job.server // so that it is no duplicate of a call to another server
	if job.known {
		before++
	}
	p.Traffic.Prime(n, job.pair, before, &p.call)
	p.call.Server = uint8(job.server)
	p.out.Sent++
	s := &sentJob{primeJob: job, at: time.Now()}
	a := p.Uploader.Upload(ctx, &p.call)
	p.lastProgress = time.Now()
	switch {
	case a.Class != measure.Accepted:
		if ctx.Err() == nil && p.out.Refused == "" {
			p.out.Refused = a.ReplyText()
		}
		p.refused++
		_ = clock.Sleep(ctx, refusalPause)
	case p.Poll == nil:
		p.refused = 0
		p.out.Accepted++
		p.markLearned(job.pair)
	default:
		p.refused = 0
		p.out.Accepted++
		p.sent[n] = s
	}
	p.updateProgress()
}

// stored records that a file is stored.
func (p *priming) stored(name string) {
	now := time.Now()
	n, ok := p.Traffic.PrimeNumber(name)
	s := p.sent[n]
	if !ok || s == nil {
		p.lastOther = now
		return
	}
	delete(p.sent, n)
	p.lastProgress = now
	p.change(late, lost, n)
	for later, other := range p.sent {
		other.queued = other.queued || later > n
	}
	waited := s.queued || p.out.Stored == 0
	p.out.Stored++
	took := now.Sub(s.at)
	if !s.known {
		p.markLearned(s.pair)
	}
	switch {
	case waited:
	case s.known:
		p.out.UsualTimes = append(p.out.UsualTimes, took)
	default:
		p.out.LearnTimes = append(p.out.LearnTimes, took)
	}
	p.updateProgress()
}

// logged reads a line of the log of the server. If it names a call without success, the call will not be stored, or not
// soon, so the next call does not wait for it.
func (p *priming) logged(line string) {
	n, ok := p.Traffic.PrimeNumber(line)
	if s := p.sent[n]; ok && s != nil && s.state == awaited && !strings.Contains(strings.ToLower(line), "success") {
		s.state = late
	}
}

// markLearned records that a server has learned a pair. It is learned once all have.
func (p *priming) markLearned(pair int) {
	p.known[pair] = true
	if p.learnedBy[pair]++; p.learnedBy[pair] < p.servers() {
		return
	}
	p.out.Learned = append(p.out.Learned, pair)
}

// recentTimes is how many times the remaining time is estimated from. Each is longer than the one before.
const recentTimes = 10

// updateProgress updates the progress.
func (p *priming) updateProgress() {
	total := 0
	for _, job := range p.jobs {
		if !job.known {
			total++
		}
	}
	total /= p.servers()
	now := PrimeProgress{Sent: p.out.Sent, Learned: len(p.out.Learned), Total: total}
	todo := time.Duration(total - now.Learned)
	switch recent := p.out.LearnTimes[max(len(p.out.LearnTimes)-recentTimes, 0):]; {
	case p.Poll == nil:
		now.Left = todo * p.Every
	case len(recent) > 0:
		sum := time.Duration(0)
		for _, took := range recent {
			sum += took
		}
		now.Left = sum / time.Duration(len(recent)) * todo
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.progress = now
}

// costParts is how many parts the calls are divided into, in the order in which they were stored, to show how the cost
// of learning grows.
const costParts = 10

// Record describes the priming in a result. Before is how many talkgroups the server had before.
func (o *Primed) Record(m *measure.Priming, before int) {
	m.Calls, m.Accepted = uint64(o.Sent), uint64(o.Accepted)
	m.DurationS, m.TimeUp, m.Refused = o.Took.Seconds(), o.TimeUp, o.Refused
	if n := len(o.UsualTimes); n > 0 {
		sorted := slices.Sorted(slices.Values(o.UsualTimes))
		usual, most := sorted[n/2].Seconds(), sorted[n-1].Seconds()
		m.UsualS, m.UsualMaxS = &usual, &most
	}
	n := len(o.LearnTimes)
	parts := min(costParts, n)
	before += len(o.Learned) - n
	for i := range parts {
		from, to := i*n/parts, (i+1)*n/parts
		sum := time.Duration(0)
		for _, took := range o.LearnTimes[from:to] {
			sum += took
		}
		mean := sum.Seconds() / float64(to-from)
		m.Learning = append(m.Learning, measure.LearningCost{
			Known: uint64(before + from), Talkgroups: uint64(to - from), MeanS: math.Round(mean*1e6) / 1e6,
		})
	}
}
