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

// Every is the interval between two reads.
const Every = time.Second

// Options say what to watch, and how.
type Options struct {
	URL     string            // of the server under test
	Resolve map[string]string // addresses to connect to in place of a host:port
	// Its process; 0 finds the one that listens on the URL's port, if that is on this machine.
	PID      int
	Metrics  string      // URL of its own metrics; empty tries /metrics at the URL
	Mappings []Mapping   // names of its metrics, beyond the known ones
	Folders  []string    // its data folders
	Database string      // postgres:// address of its database
	Client   Getter      // for Metrics
	Names    field.Namer // the user's names of fields
}

// probe is one source of observations. One goroutine uses it at a time.
type probe interface {
	// signals returns the signals that the probe may observe.
	signals() []measure.Signal
	// read reads once. It leaves unobserved signals absent; the error says why. It is canceled if done is true.
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

// Open finds what can be watched. The error names what was requested explicitly and cannot be watched; what is only
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

// Start watches from the start of the run (with its monotonic reading) until ctx ends or Stop is called.
func (w *Watcher) Start(ctx context.Context, start time.Time) {
	ctx, w.stop = context.WithCancel(ctx)
	w.start = start
	for _, p := range w.probes {
		w.followers.Go(func() { w.pollProbe(ctx, p) })
	}
}

// assignSignals assigns each signal to one probe: a signal that the user has mapped to the page that shows it, any
// other rather to a probe from outside than to the server's own metrics, which do not include children.
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

// pollProbe reads a probe every second of the run until ctx ends or there is nothing left to read.
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
			next = max(next+Every, at.Truncate(Every)) // reads that take longer than a second skip some
			if next <= at {
				next += Every
			}
		}
		if clock.Sleep(ctx, next-time.Since(w.start)) != nil {
			return
		}
	}
}

// addReading records what a probe has read of its own signals.
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

// setAbsent records why a signal is absent for now.
func (w *Watcher) setAbsent(sig measure.Signal, why error) {
	if why == nil {
		return
	}
	w.mu.Lock()
	w.absent[sig] = w.names.Describe(why)
	w.mu.Unlock()
}

// addEvent records an event of the server.
func (w *Watcher) addEvent(kind measure.WatchEventKind, pid int32) {
	const most = 50 // a server that crashes every minute must not fill the report
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.info.Events) < most {
		at := max(time.Since(w.start).Seconds(), 0)
		w.info.Events = append(w.info.Events, measure.WatchEvent{AtS: math.Round(at), Kind: kind, PID: pid})
	}
}

// Stop stops watching and waits until it has ended.
func (w *Watcher) Stop() {
	w.stop()
	w.followers.Wait()
	for _, p := range w.probes {
		p.close()
	}
	w.probes = nil
}

// Latest returns the observations of the last few seconds.
func (w *Watcher) Latest() measure.Observation {
	const fresh = 3 * Every
	return w.Samples.Latest(time.Since(w.start) - fresh)
}

// FillResult writes the observations to res, whose series is complete. It is called after Stop.
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

// setAllAbsent records why signals will be absent, unless another probe observes them.
func (w *Watcher) setAllAbsent(sigs []measure.Signal, why string) {
	for _, sig := range sigs {
		w.absent[sig] = why
	}
}

// elsewhere is why nothing of another machine is observed.
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

// Unwatched returns the Watch of a server that is not watched, with the reason.
func Unwatched(why string) measure.Watch {
	w := measure.Watch{Absent: make(map[string]string)}
	for sig := range measure.NumSignals {
		w.Absent[sig.Name()] = why
	}
	return w
}
