package measure

import (
	"encoding/json"
	"math"
	"strconv"
)

// Signal is a value that can be observed of the server under test.
type Signal uint8

// The signals. Signals describes each of them.
const (
	RSS Signal = iota
	CPU
	Processes
	Threads
	OpenFiles
	OpenFilesLimit
	ReadRate
	WriteRate
	DataSize
	DataFiles
	DiskFree
	MachineCPU
	MachineIOWait
	MachineMemory
	Heap
	Goroutines
	UploadQueue
	UploadQueueLimit
	TranscriptionQueue
	PoolInUse
	PoolLimit
	PoolUsage
	PoolWaiting
	StoredCalls
	StoredBytes
	TempFiles
	BreakerOpen
	ReadingTime
	QueueingTime
	StoringTime
	DBConnections
	DBConnectionsLimit
	DBWaitingLocks
	DBLongestTransaction
	DBSize
	GeneratorCPU
	BackendCPU
	OtherCPU
	PoolOpen
	NumSignals
)

// Observation is what was observed of the server in an interval, by signal. A signal that was not observed is absent.
// The zero Observation is empty.
type Observation struct {
	values   [NumSignals]float64 // 0 where absent
	observed uint64              // a bit for each signal
}

const _ = uint(64 - NumSignals) // bits

// Get returns a signal's value; false if it was not observed. A nil Observation is empty.
func (o *Observation) Get(sig Signal) (float64, bool) {
	if o == nil || o.observed&(1<<sig) == 0 {
		return 0, false
	}
	return o.values[sig], true
}

// Set sets a signal. It ignores NaN and infinities.
func (o *Observation) Set(sig Signal, v float64) {
	if !math.IsNaN(v) && !math.IsInf(v, 0) {
		o.values[sig], o.observed = v, o.observed|1<<sig
	}
}

// Drop removes a signal.
func (o *Observation) Drop(sig Signal) { o.values[sig], o.observed = 0, o.observed&^(1<<sig) }

// Equal reports whether two observations have the same values.
func (o Observation) Equal(p Observation) bool { return o == p }

// MarshalJSON writes the observed signals by their names.
func (o Observation) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i := range signals {
		v, ok := o.Get(signals[i].Signal)
		if !ok {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(strconv.AppendQuote(b, signals[i].Name), ':')
		b = appendFigure(b, v)
	}
	return append(b, '}'), nil
}

// UnmarshalJSON reads the known signals. It ignores others, which later versions may have written.
func (o *Observation) UnmarshalJSON(text []byte) error {
	var values map[string]*float64
	if err := json.Unmarshal(text, &values); err != nil {
		return err
	}
	*o = Observation{}
	for i := range signals {
		if v := values[signals[i].Name]; v != nil {
			o.Set(signals[i].Signal, *v)
		}
	}
	return nil
}

// Name returns the signal's name in the report.
func (sig Signal) Name() string { return sig.Info().Name }

// merge adds the signal's next value to an interval that has n values already, and returns the interval's value.
func (sig Signal) merge(have, next float64, n int) float64 {
	switch sig.Info().Aggregate {
	case TakeLast:
		return next
	case TakeLeast:
		return math.Min(have, next)
	case TakeMost:
		return math.Max(have, next)
	default:
		return have + (next-have)/float64(n+1)
	}
}

// appendFigure appends a number to JSON: a whole number in full, any other to six significant digits, since no value is
// read more exactly.
func appendFigure(b []byte, v float64) []byte {
	switch {
	case v == math.Trunc(v):
		return strconv.AppendFloat(b, v, 'f', -1, 64)
	case math.Abs(v) < 1e6:
		return strconv.AppendFloat(b, v, 'g', 6, 64)
	default:
		return strconv.AppendFloat(b, v, 'f', 0, 64)
	}
}
