package observe

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/field"
	"rdiostress/internal/measure"
)

// Every is how often the server is looked at.
const Every = time.Second

// Options says what to watch, and how.
type Options struct {
	URL     string            // of the server under test
	Resolve map[string]string // host:port that is to be connected to elsewhere, and where
	// Its process; 0 looks for the one that listens on the URL's port, if that is on this machine.
	PID      int
	Metrics  string      // where it shows its figures; empty tries /metrics at the URL
	Mappings []Mapping   // what its figures are called there, beyond the names that are known
	Folders  []string    // where it keeps its data
	Database string      // postgres:// address of its database
	Client   Getter      // for Metrics
	Names    field.Namer // what the user calls a field
}

// probe is one way of looking at the server. A probe is used by one goroutine at a time.
type probe interface {
	// signals are what the probe may see.
	signals() []measure.Signal
	// read looks once. What it cannot see it leaves absent; the error says why. It is given up if done is true.
	read(ctx context.Context, seen *measure.Observation) (done bool, err error)
	close()
}

// Watcher watches one server until it is stopped.
type Watcher struct {
	Samples measure.Samples

	names     field.Namer
	start     time.Time
	owner     map[measure.Signal]probe
	probes    []probe
	stop      context.CancelFunc
	followers sync.WaitGroup

	mu     sync.Mutex
	info   measure.Watch
	absent map[measure.Signal]string
}

// Open finds what can be watched. The error says what was asked for by name and cannot be watched; what is only
// tried is absent then. The caller calls Start, and Stop in any case.
func Open(ctx context.Context, o Options) (*Watcher, error) {
	w := &Watcher{
		names: o.Names, owner: make(map[measure.Signal]probe), absent: make(map[measure.Signal]string),
		stop: func() {},
	}
	for sig := range measure.NumSignals {
		w.absent[sig] = "nothing shows it"
	}
	for _, open := range []func(context.Context, *Options) (probe, error){
		w.openScrape, w.openProcess, w.openFolders, w.openMachine, w.openDatabase,
	} {
		p, err := open(ctx, &o)
		if err != nil {
			w.Stop()
			return nil, err
		}
		if p != nil {
			w.probes = append(w.probes, p)
		}
	}
	w.assignSignals()
	return w, nil
}

// Start begins to watch, at the start of the run (with its monotonic reading), until ctx ends or Stop is called.
func (w *Watcher) Start(ctx context.Context, start time.Time) {
	ctx, w.stop = context.WithCancel(ctx)
	w.start = start
	for _, p := range w.probes {
		w.followers.Go(func() { w.pollProbe(ctx, p) })
	}
}

// assignSignals gives each signal to one probe: what the user has named to the page that shows it, and else to whoever
// looks from outside before the server's own word, which knows of no children.
func (w *Watcher) assignSignals() {
	own := func(p probe, sigs []measure.Signal) {
		for _, sig := range sigs {
			if w.owner[sig] == nil {
				w.owner[sig] = p
			}
		}
	}
	var page *scrape
	for _, p := range w.probes {
		if s, ok := p.(*scrape); ok {
			page = s
			own(s, s.namedSignals())
		}
	}
	for _, p := range w.probes {
		if p != probe(page) {
			own(p, p.signals())
		}
	}
	if page != nil {
		own(page, page.signals())
	}
}

// pollProbe reads a probe every second of the run until ctx ends or there is nothing to read.
func (w *Watcher) pollProbe(ctx context.Context, p probe) {
	for next := time.Duration(0); ; {
		if ctx.Err() == nil {
			var seen measure.Observation
			done, err := p.read(ctx, &seen)
			at := time.Since(w.start)
			if ctx.Err() == nil {
				w.addReading(p, at, &seen, err)
			}
			if done {
				return
			}
			next = max(next+Every, at.Truncate(Every)) // reads that took longer than that leave some out
			if next <= at {
				next += Every
			}
		}
		if clock.Sleep(ctx, next-time.Since(w.start)) != nil {
			return
		}
	}
}

// addReading notes what a probe has read, of what it owns.
func (w *Watcher) addReading(p probe, at time.Duration, seen *measure.Observation, err error) {
	w.mu.Lock()
	for _, sig := range p.signals() {
		if w.owner[sig] != p {
			seen.Drop(sig)
		} else if _, ok := seen.Get(sig); !ok && err != nil {
			w.absent[sig] = w.names.Describe(err)
		}
	}
	w.mu.Unlock()
	w.Samples.Add(at, seen)
}

// setAbsent says why a signal is absent for the time being.
func (w *Watcher) setAbsent(sig measure.Signal, why error) {
	if why == nil {
		return
	}
	w.mu.Lock()
	w.absent[sig] = w.names.Describe(why)
	w.mu.Unlock()
}

// addEvent notes what happened to the server.
func (w *Watcher) addEvent(kind measure.WatchEventKind, pid int32) {
	const most = 50 // a server that crashes every minute need not fill the report
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.info.Events) < most {
		at := max(time.Since(w.start).Seconds(), 0)
		w.info.Events = append(w.info.Events, measure.WatchEvent{AtS: math.Round(at), Kind: kind, PID: pid})
	}
}

// Stop ends watching and waits for it.
func (w *Watcher) Stop() {
	w.stop()
	w.followers.Wait()
	for _, p := range w.probes {
		p.close()
	}
	w.probes = nil
}

// Latest is what was read within the last few seconds.
func (w *Watcher) Latest() measure.Observation {
	const fresh = 3 * Every
	return w.Samples.Latest(time.Since(w.start) - fresh)
}

// FillResult puts what was seen into res, whose series is complete. It is called after Stop.
func (w *Watcher) FillResult(res *measure.Result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	res.Watch = w.info
	switch p := w.owner[measure.RSS].(type) {
	case *processes:
		res.Watch.MemoryKind, res.Watch.MemoryNote = p.memory.kind, p.memory.note
	case *scrape:
		res.Watch.MemoryKind = measure.MemoryReported
	}
	if p, ok := w.owner[measure.OtherCPU].(*processes); ok {
		res.Watch.Others = p.sharing.others()
	}
	res.Watch.Absent = make(map[string]string)
	for sig, why := range w.absent {
		if !w.Samples.Observed(sig) {
			res.Watch.Absent[sig.Name()] = why
		}
	}
	w.Samples.FillSeries(res.Series)
	w.Samples.FillSeries(res.FineSeries)
}

// setAllAbsent notes why signals will be absent, unless another probe sees them.
func (w *Watcher) setAllAbsent(sigs []measure.Signal, why string) {
	for _, sig := range sigs {
		w.absent[sig] = why
	}
}

// elsewhere is why nothing of a machine is seen that is not this one.
const elsewhere = "the server runs on another machine"

// openMachine watches this machine if the server runs on it.
func (w *Watcher) openMachine(ctx context.Context, o *Options) (probe, error) {
	if !o.isLocal(ctx) {
		w.setAllAbsent(machineSignals(), elsewhere)
		return nil, nil
	}
	w.info.Processors = processors(ctx)
	return &machine{}, nil
}

// openFolders watches the server's data folders.
func (w *Watcher) openFolders(_ context.Context, o *Options) (probe, error) {
	if len(o.Folders) == 0 {
		w.setAllAbsent(folderSignals(), w.names.Text("no {watch_dir} names the server's data folder"))
		return nil, nil
	}
	f := &folders{paths: o.Folders}
	if err := f.check(); err != nil {
		return nil, err
	}
	w.info.DataFolders = slices.Clone(o.Folders)
	return f, nil
}

// Unwatched is of a server that nobody watches, and why.
func Unwatched(why string) measure.Watch {
	w := measure.Watch{Absent: make(map[string]string)}
	for sig := range measure.NumSignals {
		w.Absent[sig.Name()] = why
	}
	return w
}
