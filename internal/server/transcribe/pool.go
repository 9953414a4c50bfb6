package transcribe

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/server/call"
)

// Defaults of Options. The number of workers is the guide's.
const (
	DefaultWorkers  = 4
	DefaultTimeout  = 2 * time.Minute
	DefaultAttempts = 8
)

const (
	lease       = 15 * time.Second // after a server was killed, its jobs wait that long at most
	extendEvery = lease / 3
	pollEvery   = 250 * time.Millisecond // for jobs that another server has added, and for attempts that are due
	retryEvery  = time.Second            // for a store that cannot be asked
	finishTries = 5                      // for results when the server stops and the store is down
	maxFinish   = 256                    // results in one transaction
	statsEvery  = time.Second
	statsShare  = 50 // counting jobs takes at most one part in 50 of the time

	// aheadTime is how much work is claimed ahead, so that short jobs do not wait for transactions. Long jobs are not
	// claimed ahead: another server may have a free worker.
	aheadTime = 250 * time.Millisecond
	maxAhead  = 16 // jobs claimed ahead for each worker
)

// Options are the options of a Pool. A zero value means the default, if there is one.
type Options struct {
	Jobs     call.Jobs
	Audio    func(ctx context.Context, id int64) (io.ReadSeekCloser, error) // opens a call's audio
	Engine   Engine
	Workers  int           // calls transcribed at once
	Timeout  time.Duration // for one attempt
	Attempts int           // until a call is given up
	Grace    time.Duration // how long active attempts may continue when the pool is told to stop
	Log      *slog.Logger
}

// Pool transcribes the calls of a queue. Create one with New.
type Pool struct {
	o       Options
	jobs    chan call.Job       // claimed jobs; has room for all
	busy    atomic.Int64        // claimed jobs without a result
	freed   chan struct{}       // signals that busy fell; has room for one
	results chan call.JobResult // to be stored
	length  atomic.Int64        // mean length of recent attempts in nanoseconds; 0 means unknown
	stopped atomic.Bool

	mu     sync.Mutex
	held   map[int64]call.Job // jobs on a lease
	queue  call.JobStats
	absent string // why queue is not known

	done, failed, dead atomic.Int64
	delays             *call.Distribution
	troubles           troubles
}

// New returns a pool.
func New(o Options) *Pool {
	o.Workers, o.Timeout = cmp.Or(o.Workers, DefaultWorkers), cmp.Or(o.Timeout, DefaultTimeout)
	o.Attempts, o.Log = cmp.Or(o.Attempts, DefaultAttempts), cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	room := o.Workers * (1 + maxAhead)
	return &Pool{
		o: o, jobs: make(chan call.Job, room), freed: make(chan struct{}, 1), results: make(chan call.JobResult, room),
		held: make(map[int64]call.Job), absent: "the queue has not been counted yet",
		delays:   call.NewDistribution(.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14400),
		troubles: troubles{log: o.Log},
	}
}

// Run transcribes calls until ctx ends. Then it claims no more, waits for active attempts for at most the grace period,
// gives back what was not done, and returns.
func (p *Pool) Run(ctx context.Context) {
	active, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var workers, results, helpers sync.WaitGroup
	for range p.o.Workers {
		workers.Go(func() { p.work(ctx, active) })
	}
	results.Go(p.finish)
	helping, stop := context.WithCancel(active)
	helpers.Go(func() { p.extend(helping) })
	helpers.Go(func() { p.count(helping) })
	p.claim(ctx)
	p.stopped.Store(true)
	timer := time.AfterFunc(p.o.Grace, cut)
	workers.Wait()
	timer.Stop()
	close(p.results)
	results.Wait()
	stop()
	helpers.Wait()
}

// Stats returns the statistics so far.
func (p *Pool) Stats() call.TranscriptionStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return call.TranscriptionStats{
		Engine: p.o.Engine.Name(), Workers: p.o.Workers, Queue: p.queue, Absent: p.absent,
		Done: p.done.Load(), Failed: p.failed.Load(), Dead: p.dead.Load(), Delays: p.delays.Histogram(),
	}
}

// claim claims jobs until ctx ends.
func (p *Pool) claim(ctx context.Context) {
	defer close(p.jobs)
	for ctx.Err() == nil {
		n := p.room()
		if n == 0 {
			select {
			case <-ctx.Done():
			case <-p.freed:
			}
			continue
		}
		// A claim that has begun is not cancelled: the jobs would wait for the end of their lease.
		jobs, err := p.o.Jobs.ClaimJobs(context.WithoutCancel(ctx), n, p.suspects(), lease)
		p.troubles.report("calls to transcribe cannot be claimed", err)
		for _, j := range jobs {
			p.hold(j)
			p.busy.Add(1)
			p.jobs <- j
		}
		switch {
		case err != nil:
			clock.Wait(retryEvery, ctx.Done(), nil)
		case len(jobs) == 0:
			clock.Wait(pollEvery, ctx.Done(), p.o.Jobs.JobsAdded())
		}
	}
}

// room returns how many jobs to claim now. If jobs are claimed ahead, it is 0 until half of them have results, so that
// there are few claims.
func (p *Pool) room() int {
	room, least := p.o.Workers, 1
	if length := time.Duration(p.length.Load()); length > 0 {
		ahead := min(maxAhead, int(aheadTime/length)) * p.o.Workers
		room += ahead
		least = max(1, ahead/2)
	}
	room -= int(p.busy.Load())
	if room < least {
		return 0
	}
	return room
}

// suspects returns how many suspects to claim: one at a time, so that what kills the server does not take other calls'
// attempts with it each time.
func (p *Pool) suspects() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, j := range p.held {
		if j.Suspect {
			return 0
		}
	}
	return 1
}

func (p *Pool) hold(j call.Job) {
	p.mu.Lock()
	p.held[j.CallID] = j
	p.mu.Unlock()
}

// work transcribes claimed jobs. Once ctx has ended, it gives them back.
func (p *Pool) work(ctx, active context.Context) {
	for j := range p.jobs {
		r := call.JobResult{CallID: j.CallID, Attempt: j.Attempt, End: call.JobGivenBack}
		if ctx.Err() == nil {
			began := time.Now()
			r = p.attempt(active, j)
			p.addLength(time.Since(began))
		}
		p.busy.Add(-1)
		select {
		case p.freed <- struct{}{}:
		default: // already signalled
		}
		p.results <- r
	}
}

// addLength adds the length of an attempt to the mean. Workers may overwrite each other's, which does not matter.
func (p *Pool) addLength(d time.Duration) {
	mean := p.length.Load()
	if mean == 0 {
		mean = int64(d)
	}
	p.length.Store(max(1, mean+(int64(d)-mean)/8))
}

// finish stores results until there are no more, as many at once as there are.
func (p *Pool) finish() {
	batch := make([]call.JobResult, 0, maxFinish)
	for r := range p.results {
		batch = append(batch[:0], r)
		for more := true; more && len(batch) < maxFinish; {
			select {
			case r, ok := <-p.results:
				if more = ok; ok {
					batch = append(batch, r)
				}
			default:
				more = false
			}
		}
		p.store(batch)
	}
}

// extend extends the leases of all jobs that this server has, until ctx ends.
func (p *Pool) extend(ctx context.Context) {
	for clock.Sleep(ctx, extendEvery) == nil {
		p.mu.Lock()
		jobs := make([]call.Job, 0, len(p.held))
		for _, j := range p.held {
			jobs = append(jobs, j)
		}
		p.mu.Unlock()
		if len(jobs) > 0 {
			p.troubles.report("leases of calls that are being transcribed cannot be extended",
				p.o.Jobs.ExtendJobs(ctx, jobs, lease))
		}
	}
}

// count counts the queue until ctx ends.
func (p *Pool) count(ctx context.Context) {
	for {
		began := time.Now()
		stats, err := p.o.Jobs.JobStats(ctx)
		took := time.Since(began)
		p.mu.Lock()
		if p.queue, p.absent = stats, ""; err != nil {
			p.absent = "the store cannot be asked now"
		}
		p.mu.Unlock()
		if clock.Sleep(ctx, max(statsEvery, statsShare*took)) != nil {
			return
		}
	}
}
