package trial

import (
	"context"
	"time"

	"rdiostress/internal/measure"
)

// openEach finds out what can be watched of each of several servers. The signals of the run, which are of one server,
// are absent then: each server has its own.
func (e *Environment) openEach(ctx context.Context, p *Plan) (*Watch, error) {
	w := &Watch{absent: "the run drives several servers, each of which has figures of its own"}
	for i := range p.Scenario.URLs() {
		one := *p
		one.Scenario = p.Scenario.At(i)
		watch, err := e.OpenWatch(ctx, &one)
		if err != nil {
			w.Stop()
			return nil, err
		}
		w.each = append(w.each, watch)
	}
	return w, nil
}

// ofEach returns the watches of several servers; nil if there is one.
func (w *Watch) ofEach() []*Watch {
	if w == nil {
		return nil
	}
	return w.each
}

// anyBusy returns a function that reports whether any of several servers is seen to work; nil if none is watched.
func anyBusy(each []*Watch, resting float64) func() bool {
	var all []func() bool
	for _, one := range each {
		if busy := one.Busy(resting); busy != nil {
			all = append(all, busy)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return func() bool {
		for _, busy := range all {
			if busy() {
				return true
			}
		}
		return false
	}
}

// fillServers records what was seen of each of several servers.
func (w *Watch) fillServers(res *measure.Result) {
	for i, one := range w.each {
		if i < len(res.Servers) {
			res.Servers[i].Watch = one.figures(time.Duration(res.Run.DurationS * float64(time.Second)))
		}
	}
}

// figures sums up what was seen of a server until a time of the run. It is called after Stop.
func (w *Watch) figures(until time.Duration) *measure.ServerWatch {
	var seen measure.Result
	w.Fill(&seen)
	out := &measure.ServerWatch{
		Process: seen.Watch.Process, PID: seen.Watch.PID, MemoryKind: seen.Watch.MemoryKind, Events: seen.Watch.Events,
		Absent: make(map[string]string),
	}
	for _, f := range []struct {
		signal measure.Signal
		to     **float64
		of     func([]measure.Reading) float64
	}{
		{measure.CPU, &out.CPUSPerS, meanReading},
		{measure.RSS, &out.RSSBytes, mostReading},
		{measure.UploadQueue, &out.QueueCalls, mostReading},
	} {
		readings := w.Readings(f.signal, 0, until)
		if len(readings) == 0 {
			why := seen.Watch.Absent[f.signal.Name()]
			if why == "" {
				why = "it was not seen while the run went on"
			}
			out.Absent[f.signal.Name()] = why
			continue
		}
		v := f.of(readings)
		*f.to = &v
	}
	return out
}

func meanReading(all []measure.Reading) float64 {
	sum := 0.0
	for _, r := range all {
		sum += r.Value
	}
	return sum / float64(len(all))
}

func mostReading(all []measure.Reading) (most float64) {
	for _, r := range all {
		most = max(most, r.Value)
	}
	return most
}
