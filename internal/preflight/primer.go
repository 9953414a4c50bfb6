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

// Primer has a server learn talkgroups before a run, by one call of each, one at a time: the next is sent once the one
// before it is stored. A server that answers calls before it stores them so never has a queue of them when the run
// begins. Its fields are set before Run and not changed after.
type Primer struct {
	Traffic  *traffic.Traffic
	Uploader upload.Uploader
	Max      time.Duration // how long Run may take
	Every    time.Duration // between two calls at least, where what is stored cannot be seen

	// Look calls found with the names of the audio files that the server has stored since it was called last, and told
	// with what its log says since then, where it keeps one. It is nil where what is stored cannot be seen.
	Look func(ctx context.Context, found func(name string), told func(line string)) error

	mu       sync.Mutex
	progress PrimeProgress
}

// PrimeProgress is how far a Primer has come.
type PrimeProgress struct {
	Sent, Learned, Total int
	Left                 time.Duration // until all are learned, by the pace of late; 0 is not known
}

// Primed is what came of priming.
type Primed struct {
	Sent, Accepted int
	Stored         int   // of the calls sent; 0 where that cannot be seen
	Learned        []int // the pairs whose calls were stored, or accepted where that cannot be seen
	Took           time.Duration
	TimeUp         bool
	Refused        string // the first reply that was no acceptance; empty if there is none

	// Lessons is how long those of Learned took, without the first, which waits for what the server does before it, and
	// without those that waited for another of these calls.
	Lessons []time.Duration
	Usual   []time.Duration // how long other calls of pairs took that were learned before
}

const (
	// primePatience is how long none of the calls is stored before one is late, and the next one is sent without it.
	// What else the server stores does not count: a server in use stores others' calls all the time, also when it has
	// lost one of these.
	primePatience = 5 * time.Second
	// primeMostLate calls are late at most: then none is sent before one of them is stored.
	primeMostLate = 3
	// primeGiveUp is how long none of them is stored before no more is waited for. As long as none was stored at all,
	// what others sent before them may be to be stored first: then others' calls count too.
	primeGiveUp = 3 * primePatience
	// primeRefusals in a row end priming: what the server answers is the run's to measure.
	primeRefusals = 3
	refusalPause  = 200 * time.Millisecond

	// The server is looked at as often as lets the times be told within a tenth, and no more often than this.
	primeLookLeast, primeLookMost = 5 * time.Millisecond, 250 * time.Millisecond
	primeLookShare                = 10
	// primeRest is how many times as long as a look the pause after it is at least.
	primeRest = 3

	// usualCalls of pairs that are learned are sent among the others, for what storing a call takes anyway, if there
	// are usualLeast.
	usualCalls, usualLeast = 5, 10
)

// priming is one run of a Primer.
type priming struct {
	*Primer
	jobs    []primeJob
	next    int // job
	sent    map[uint64]*sentJob
	moved   time.Time // when a call was sent or found stored last
	others  time.Time // when a call of others was found stored last
	began   time.Time
	refused int // in a row
	out     Primed
	known   map[int]bool
	call    upload.Request
}

// primeJob is a call to be sent.
type primeJob struct {
	pair  int
	known bool // the pair was learned before
}

// sentJob is one that was accepted and not yet found stored.
type sentJob struct {
	primeJob
	at     time.Time
	state  waitState
	queued bool // it was sent before one was stored that was sent before it
}

// waitState says whether a call is waited for.
type waitState int

const (
	awaited waitState = iota
	late              // the next call does not wait for it
	lost              // a later one was stored: it is not waited for at all
)

// Run sends the calls, until all are stored, Max has passed or ctx ends. It is called once.
func (p *Primer) Run(ctx context.Context, pairs []int) Primed {
	ctx, cancel := context.WithTimeout(ctx, p.Max)
	defer cancel()
	now := time.Now()
	r := &priming{Primer: p, sent: make(map[uint64]*sentJob), known: make(map[int]bool), began: now, moved: now}
	r.plan(pairs)
	r.report()
	if p.Look == nil {
		r.runBlind(ctx)
	} else {
		r.runSeen(ctx)
	}
	r.out.Took = time.Since(r.began)
	r.out.TimeUp = ctx.Err() != nil && r.out.Took >= p.Max
	return r.out
}

// plan lays out what is sent.
func (p *priming) plan(pairs []int) {
	compares := p.Look != nil && len(pairs) >= usualLeast
	for i, pair := range pairs {
		p.jobs = append(p.jobs, primeJob{pair: pair})
		// The last pair of each fifth is followed by a call of one of the first.
		if part := (i + 1) * usualCalls / len(pairs); compares && part > i*usualCalls/len(pairs) {
			p.jobs = append(p.jobs, primeJob{pairs[part-1], true})
		}
	}
}

// Progress is how far it has come. It is safe for concurrent use.
func (p *Primer) Progress() PrimeProgress {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.progress
}

// runSeen sends each call once the one before it is stored.
func (p *priming) runSeen(ctx context.Context) {
	for ctx.Err() == nil && p.refused < primeRefusals {
		if time.Since(p.moved) >= primePatience {
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
		if err := p.Look(ctx, p.found, p.told); err != nil {
			_ = clock.Sleep(ctx, primeLookMost) // such as a database that is locked for the moment
		} else if len(p.sent) > 0 {
			every := min(max(time.Since(p.moved)/primeLookShare, primeLookLeast), primeLookMost)
			_ = clock.Sleep(ctx, max(every, primeRest*time.Since(began)))
		}
	}
}

// isStuck tells whether it is not worth waiting for a call to be stored.
func (p *priming) isStuck() bool {
	last := p.moved
	if p.out.Stored == 0 && p.others.After(last) {
		last = p.others
	}
	return time.Since(last) >= primeGiveUp
}

// count is how many calls are in a state.
func (p *priming) count(state waitState) (n int) {
	for _, s := range p.sent {
		if s.state == state {
			n++
		}
	}
	return n
}

// change changes the state of all calls before one that are in another.
func (p *priming) change(from, to waitState, before uint64) {
	for n, s := range p.sent {
		if n < before && s.state == from {
			s.state = to
		}
	}
}

// runBlind sends the calls at their pace, one at a time.
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
		return // what it would take is no usual call's time
	}
	n := uint64(p.out.Sent)
	p.Traffic.Prime(n, job.pair, job.known, &p.call)
	p.out.Sent++
	s := &sentJob{primeJob: job, at: time.Now()}
	a := p.Uploader.Upload(ctx, &p.call)
	p.moved = time.Now()
	switch {
	case a.Class != measure.Accepted:
		if ctx.Err() == nil && p.out.Refused == "" {
			p.out.Refused = a.ReplyText()
		}
		p.refused++
		_ = clock.Sleep(ctx, refusalPause)
	case p.Look == nil:
		p.refused = 0
		p.out.Accepted++
		p.learn(job.pair)
	default:
		p.refused = 0
		p.out.Accepted++
		p.sent[n] = s
	}
	p.report()
}

// found notes that a file is stored.
func (p *priming) found(name string) {
	now := time.Now()
	n, ok := p.Traffic.PrimeNumber(name)
	s := p.sent[n]
	if !ok || s == nil {
		p.others = now
		return
	}
	delete(p.sent, n)
	p.moved = now
	p.change(late, lost, n)
	for later, other := range p.sent {
		other.queued = other.queued || later > n
	}
	waited := s.queued || p.out.Stored == 0
	p.out.Stored++
	took := now.Sub(s.at)
	if !s.known {
		p.learn(s.pair)
	}
	switch {
	case waited:
	case s.known:
		p.out.Usual = append(p.out.Usual, took)
	default:
		p.out.Lessons = append(p.out.Lessons, took)
	}
	p.report()
}

// told notes what the server's log says: a call that it names with anything else than success will not be stored, or
// not soon, so that the next does not wait for it.
func (p *priming) told(line string) {
	n, ok := p.Traffic.PrimeNumber(line)
	if s := p.sent[n]; ok && s != nil && s.state == awaited && !strings.Contains(strings.ToLower(line), "success") {
		s.state = late
	}
}

func (p *priming) learn(pair int) {
	p.known[pair] = true
	p.out.Learned = append(p.out.Learned, pair)
}

// recentLessons are what the time left is told by: each takes longer than the one before.
const recentLessons = 10

// report notes how far it has come.
func (p *priming) report() {
	total := 0
	for _, job := range p.jobs {
		if !job.known {
			total++
		}
	}
	now := PrimeProgress{Sent: p.out.Sent, Learned: len(p.out.Learned), Total: total}
	todo := time.Duration(total - now.Learned)
	switch recent := p.out.Lessons[max(len(p.out.Lessons)-recentLessons, 0):]; {
	case p.Look == nil:
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

// costParts are what the calls are divided into, in the order in which they were stored, to tell how the cost of
// learning grows.
const costParts = 10

// Record puts what came of priming into a result. Before is how many talkgroups the server had before.
func (o *Primed) Record(m *measure.Priming, before int) {
	m.Calls, m.Accepted = uint64(o.Sent), uint64(o.Accepted)
	m.DurationS, m.TimeUp, m.Refused = o.Took.Seconds(), o.TimeUp, o.Refused
	if n := len(o.Usual); n > 0 {
		sorted := slices.Sorted(slices.Values(o.Usual))
		usual, most := sorted[n/2].Seconds(), sorted[n-1].Seconds()
		m.UsualS, m.UsualMaxS = &usual, &most
	}
	n := len(o.Lessons)
	parts := min(costParts, n)
	before += len(o.Learned) - n
	for i := range parts {
		from, to := i*n/parts, (i+1)*n/parts
		sum := time.Duration(0)
		for _, took := range o.Lessons[from:to] {
			sum += took
		}
		mean := sum.Seconds() / float64(to-from)
		m.Learning = append(m.Learning, measure.LearningCost{
			Known: uint64(before + from), Talkgroups: uint64(to - from), MeanS: math.Round(mean*1e6) / 1e6,
		})
	}
}
