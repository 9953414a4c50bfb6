package load

import (
	"context"
	"math"
	"sync"
	"time"

	"rdiostress/internal/measure"
)

// Primer has a server learn talkgroups before a run, by one call of each, one at a time: the next is sent once the one before it is
// stored. A server that answers calls before it stores them so never has a queue of them when the run begins. Its fields are set
// before Run and not changed after.
type Primer struct {
	Traffic  *Traffic
	Uploader Uploader
	Max      time.Duration // how long Run may take
	Every    time.Duration // between two calls at least, where what is stored cannot be seen

	// Look calls found with the names of the audio files that the server has stored since it was called last; nil where what is
	// stored cannot be seen.
	Look func(ctx context.Context, found func(name string)) error

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

	Lessons []time.Duration // how long each of Learned took, from sending its call until it was seen stored
	Usual   time.Duration   // what another call of a pair took that was learned before; 0 is not known
}

const (
	// primePatience is how long nothing at all is stored before the next call is sent although the one before it is not stored.
	primePatience = 5 * time.Second
	// primeMostOpen are calls that are sent and not stored at most.
	primeMostOpen = 3
	// primeGiveUp is how long nothing is stored before no more is waited for.
	primeGiveUp = 3 * primePatience
	// primeRefusals in a row end priming: what the server answers is the run's to measure.
	primeRefusals = 3
	refusalPause  = 200 * time.Millisecond

	// The server is looked at as often as lets the times be told within a tenth, and no more often than this.
	primeLookLeast, primeLookMost = 20 * time.Millisecond, 250 * time.Millisecond
	primeLookShare                = 10
	// primeRest is how many times as long as a look the pause after it is at least.
	primeRest = 3

	// usualAfter calls, one of a pair that is learned is sent again, for what storing a call takes anyway, if there are usualLeast.
	usualAfter, usualLeast = 3, 10
)

// priming is one run of a Primer.
type priming struct {
	*Primer
	jobs    []primeJob
	next    int // job
	sent    map[uint64]*sentJob
	open    int // calls that are accepted and not stored
	moved   time.Time
	began   time.Time
	refused int // in a row
	out     Primed
	known   map[int]bool
	call    Slip
}

// primeJob is a call to be sent.
type primeJob struct{ pair, again int }

// sentJob is one that was sent and is not stored yet.
type sentJob struct {
	primeJob
	at time.Time
}

// Run sends the calls, until all are stored, Max has passed or ctx ends. It is called once.
func (p *Primer) Run(ctx context.Context, pairs []int) Primed {
	ctx, cancel := context.WithTimeout(ctx, p.Max)
	defer cancel()
	now := time.Now()
	r := &priming{Primer: p, sent: make(map[uint64]*sentJob), known: make(map[int]bool), began: now, moved: now}
	for i, pair := range pairs {
		if i == usualAfter && len(pairs) >= usualLeast && p.Look != nil {
			r.jobs = append(r.jobs, primeJob{pairs[0], 1})
		}
		r.jobs = append(r.jobs, primeJob{pair, 0})
	}
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

// Progress is how far it has come. It is safe for concurrent use.
func (p *Primer) Progress() PrimeProgress {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.progress
}

// runSeen sends each call once the one before it is stored.
func (p *priming) runSeen(ctx context.Context) {
	for ctx.Err() == nil && p.refused < primeRefusals {
		still := time.Since(p.moved)
		switch {
		case p.next < len(p.jobs) && (p.open == 0 || p.open < primeMostOpen && still >= primePatience):
			p.send(ctx)
		case p.open == 0, still >= primeGiveUp:
			return
		}
		began := time.Now()
		if err := p.Look(ctx, p.found); err != nil && ctx.Err() == nil {
			p.pause(ctx, primeLookMost) // such as a database that is locked for the moment
			continue
		}
		if p.open > 0 {
			p.pause(ctx, max(min(max(time.Since(p.moved)/primeLookShare, primeLookLeast), primeLookMost), primeRest*time.Since(began)))
		}
	}
}

// runBlind sends the calls at their pace, one at a time.
func (p *priming) runBlind(ctx context.Context) {
	for p.next < len(p.jobs) && p.refused < primeRefusals {
		p.pause(ctx, time.Until(p.began.Add(time.Duration(p.next)*p.Every)))
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
	if job.again > 0 && !p.known[job.pair] {
		return
	}
	n := uint64(p.out.Sent)
	p.Traffic.Prime(n, job.pair, job.again, &p.call)
	p.out.Sent++
	s := &sentJob{job, time.Now()}
	a := p.Uploader.Upload(ctx, &p.call)
	p.moved = time.Now()
	switch {
	case a.Class != measure.Accepted:
		if ctx.Err() == nil && p.out.Refused == "" {
			p.out.Refused = a.reply()
		}
		p.refused++
		p.pause(ctx, refusalPause)
	case p.Look == nil:
		p.refused = 0
		p.out.Accepted++
		p.learn(job.pair)
	default:
		p.refused = 0
		p.out.Accepted++
		p.sent[n] = s
		p.open++
	}
	p.report()
}

// found notes that a file is stored. Others' files show too that the server gets on.
func (p *priming) found(name string) {
	p.moved = time.Now()
	n, ok := p.Traffic.primeNumber(name)
	s := p.sent[n]
	if !ok || s == nil {
		return
	}
	delete(p.sent, n)
	p.open--
	p.out.Stored++
	if took := p.moved.Sub(s.at); s.again > 0 {
		p.out.Usual = took
	} else {
		p.out.Lessons = append(p.out.Lessons, took)
		p.learn(s.pair)
	}
	p.report()
}

func (p *priming) learn(pair int) {
	p.known[pair] = true
	p.out.Learned = append(p.out.Learned, pair)
}

func (p *priming) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// recentLessons are what the time left is told by: each takes longer than the one before.
const recentLessons = 10

// report notes how far it has come.
func (p *priming) report() {
	total := 0
	for _, job := range p.jobs {
		if job.again == 0 {
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

// costParts are what the calls are divided into, in the order in which they were stored, to tell how the cost of learning grows.
const costParts = 10

// Record puts what came of priming into a result. Before is how many talkgroups the server had before.
func (o *Primed) Record(m *measure.Priming, before int) {
	m.Calls, m.Accepted, m.DurationS, m.TimeUp, m.Refused = uint64(o.Sent), uint64(o.Accepted), o.Took.Seconds(), o.TimeUp, o.Refused
	if o.Usual > 0 {
		usual := o.Usual.Seconds()
		m.UsualS = &usual
	}
	n := len(o.Lessons)
	parts := min(costParts, n)
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
