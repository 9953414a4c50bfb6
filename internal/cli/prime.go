package cli

import (
	"context"
	"fmt"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/measure"
	"rdiostress/internal/preflight"
	"rdiostress/internal/scenario"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
)

// primer has a server learn the talkgroups of a run before it begins.
type primer struct {
	o       *runOptions
	check   *check
	traffic *traffic.Traffic
	know    knowledge // grows by what the server learns
	used    []int     // pairs
	began   time.Time
	learned int // pairs
	out     measure.Priming
}

// prime has the server learn the talkgroups of the run that it does not know, before the clock of the run starts. It
// returns nil where there is nothing to learn.
func (o *runOptions) prime(ctx context.Context, c *check, runID string, clips traffic.Clips) (*measure.Priming, error) {
	s := &o.scenario
	if s.Replay.On() || o.traffic.prime == primeOff || !o.firstStep() {
		return nil, nil
	}
	o.stage("looking which talkgroups the server knows")
	p := &primer{o: o, check: c, traffic: traffic.New(s, traffic.Options{RunID: runID, Start: time.Now(), Clips: clips}), know: c.knowledge(ctx)}
	p.began = time.Now()
	p.used = p.traffic.UsedPairs(s, o.usesAll())
	unknown := p.know.unknown(p.traffic, p.used)
	if !p.needed(unknown) {
		return nil, ctx.Err()
	}
	p.out.Talkgroups = uint64(len(p.used))
	if p.know.read {
		known := uint64(len(p.used) - len(unknown))
		p.out.KnownBefore = &known
	}
	if len(unknown) > 0 && !p.know.addsNone() {
		if err := p.send(ctx, unknown); err != nil {
			return nil, err
		}
	}
	p.conclude()
	return &p.out, ctx.Err()
}

// needed tells whether the server is to be primed, or to be said not to need it.
func (p *primer) needed(unknown []int) bool {
	if p.o.traffic.prime == primeOn {
		return true
	}
	return !p.know.takesAny && (p.o.scenario.Prime || len(unknown) > 0 && p.know.adds != nil && *p.know.adds)
}

// usesAll tells whether calls may be of any talkgroup: those of the later steps of a search, and of misbehaving
// clients.
func (o *runOptions) usesAll() bool { return o.searching || len(o.mischief) > 0 }

// send sends the calls of pairs that the server does not know.
func (p *primer) send(ctx context.Context, unknown []int) error {
	o := p.o
	target, err := upload.NewHTTPTarget(&o.scenario, o.connect())
	if err != nil {
		return err
	}
	defer target.Close()
	work := &preflight.Primer{
		Traffic: p.traffic, Uploader: target.Uploader(),
		Max: time.Duration(o.traffic.primeMax), Every: blindPace(&o.scenario),
	}
	defer work.Uploader.Close()
	work.Poll, p.out.Unseen = p.check.names(ctx)
	p.announce(len(unknown))
	o.stageWords(func() string { return p.words(work.Progress(), work.Poll != nil) })
	before := len(p.know.places)
	done := work.Run(ctx, unknown)
	if work.Poll != nil {
		stored := uint64(done.Stored)
		p.out.Stored = &stored
	} else if err := p.awaitIdle(ctx); err != nil {
		return err
	}
	done.Took = time.Since(p.began)
	done.Record(&p.out, before)
	if p.know.read { // the server may know more by now than calls of that were seen stored
		if now := p.check.knowledge(ctx); now.read {
			p.know = now
		}
	}
	p.learned = len(done.Learned)
	for _, pair := range done.Learned {
		p.know.add(placeOf(p.traffic, pair))
	}
	return ctx.Err()
}

// gentlePace is between two calls of the closed model, where what is stored cannot be seen: most servers learn faster.
const gentlePace = 200 * time.Millisecond

// blindPace is the time between two calls where what is stored cannot be seen.
func blindPace(s *scenario.Scenario) time.Duration {
	if !s.Open() {
		return gentlePace
	}
	return time.Duration(float64(time.Second) / s.Shape().Max())
}

// announce says what is going to be sent.
func (p *primer) announce(n int) {
	if p.o.quiet {
		return
	}
	line := fmt.Sprintf("rdiostress: one call of each of %d talkgroups comes before the run", n)
	if p.o.traffic.prime == primeAuto {
		line += ", as this server may have to learn of them (--prime=off leaves that out)"
	}
	if known := p.out.KnownBefore; known != nil && *known > 0 {
		line += fmt.Sprintf("; it knows the other %d", *known)
	}
	if p.out.Unseen != "" {
		line += "; " + p.out.Unseen
	}
	p.o.say(line)
}

// words is how priming stands, in one line.
func (p *primer) words(now preflight.PrimeProgress, seen bool) string {
	took, most := time.Since(p.began), time.Duration(p.o.traffic.primeMax)
	what, n := "sent", now.Sent
	if seen {
		what, n = "learned", now.Learned
	}
	line := fmt.Sprintf("priming: %d of %d talkgroups %s, %.0f s of at most %v", n, now.Total, what, took.Seconds(), most)
	if left := min(now.Left, most-took); left > 0 {
		line += fmt.Sprintf(", about %.0f s left", left.Seconds())
	}
	return line
}

// idleEvery is between two looks whether the server is done with the calls.
const (
	idleEvery  = time.Second
	idleEnough = 2 // looks that find it idle
)

// awaitIdle waits until the server is idle, as far as that is seen: it has learned of what it was sent by then.
func (p *primer) awaitIdle(ctx context.Context) error {
	watch, done, err := p.o.watchBefore(ctx)
	if err != nil {
		return err
	}
	defer done()
	p.o.stage("priming: waiting until the server is idle")
	seenAny := false
	for calm := 0; calm < idleEnough && ctx.Err() == nil; {
		if time.Since(p.began) >= time.Duration(p.o.traffic.primeMax) {
			p.out.Unseen += "; it was still busy when the time was up"
			return ctx.Err()
		}
		_ = clock.Sleep(ctx, idleEvery)
		seen := watch.latest()
		_, hasCPU := seen.Get(measure.CPU)
		_, hasQueue := seen.Get(measure.UploadQueue)
		seenAny = seenAny || hasCPU || hasQueue
		if calm++; isBusy(&seen, 0) {
			calm = 0
		}
	}
	if !seenAny {
		p.out.Unseen += "; its process is not seen either"
	}
	return ctx.Err()
}

// watchBefore watches the server before the run, for whether it is idle.
func (o *runOptions) watchBefore(ctx context.Context) (w watcher, done func(), err error) {
	if w, err = openWatch(ctx, o); err != nil {
		return w, nil, err
	}
	w.start(ctx, time.Now())
	return w, w.stop, nil
}

// conclude says what the server knows now, and has the run do without default talkgroups that it does not know.
func (p *primer) conclude() {
	o := p.o
	unknown := p.know.unknown(p.traffic, p.used)
	if p.know.read || p.out.Stored != nil {
		n := uint64(len(unknown))
		p.out.NotKnown = &n
	}
	if !o.quiet {
		o.say("rdiostress: " + p.summary())
	}
	switch left := p.unknownWords(len(unknown)); {
	case len(unknown) == 0 || p.know.addsNone():
	case o.traffic.named:
		o.warn(left + ": their first calls have it learn them")
	case o.restrict(&p.know):
		p.out.LeftOut = uint64(len(unknown))
		o.warn(left + ": the run does without them")
	default:
		o.warn(left + ", and without them there are too few for this run: it uses all")
	}
	if p.know.read || p.out.Calls > 0 {
		o.known = p.know.places
	}
}

// unknownWords says how many talkgroups the server does not know, and why if that is known.
func (p *primer) unknownWords(n int) string {
	does := "does not know"
	if p.out.NotKnown == nil {
		does = "may not know"
	}
	words := fmt.Sprintf("the server %s %d of the %d talkgroups of this run yet", does, n, len(p.used))
	switch {
	case p.out.Refused != "":
		return fmt.Sprintf("%s (it answered %s)", words, p.out.Refused)
	case p.out.TimeUp:
		return fmt.Sprintf("%s, after %v (--prime-max)", words, time.Duration(p.o.traffic.primeMax))
	case p.out.Stored != nil && *p.out.Stored < p.out.Accepted:
		return fmt.Sprintf("%s (of %d calls that it accepted, it has stored %d)", words, p.out.Accepted, *p.out.Stored)
	default:
		return words
	}
}

// summary says what came of it.
func (p *primer) summary() string {
	known := p.out.KnownBefore
	switch {
	case p.out.Calls == 0 && known != nil && *known == p.out.Talkgroups:
		return fmt.Sprintf("the server knows all %d talkgroups of this run: none is primed", p.out.Talkgroups)
	case p.out.Calls == 0 && known != nil:
		return fmt.Sprintf("the server knows %d of %d talkgroups: none is primed", *known, p.out.Talkgroups)
	case p.out.Stored == nil:
		return fmt.Sprintf("priming: the server took calls of %d talkgroups in %.1f s", p.learned, p.out.DurationS)
	default:
		return fmt.Sprintf("priming: the server learned %d talkgroups in %.1f s", p.learned, p.out.DurationS)
	}
}

// restrict has the run use only default talkgroups that the server knows. It changes nothing and is false where these
// are too few.
func (o *runOptions) restrict(know *knowledge) bool {
	s := &o.scenario
	all := s.Talkgroups
	s.Talkgroups = know.talkgroups(s)
	if len(s.Talkgroups) == 0 || s.Validate() != nil {
		s.Talkgroups = all
		return false
	}
	return true
}
