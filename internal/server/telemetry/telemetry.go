// Package telemetry observes the server: counts of uploads, samples over time, metrics for Prometheus, the guide's
// KPIs, and alerts on them.
//
// Uploads only pay for counting, in [Counters]. Once a second, [Telemetry.Sample] takes a sample; from the samples it
// computes rates over the last minute and the growth of memory, and it raises alerts. All other inputs are passed in as
// values: a [State], and the results of the store and the disk. This package knows neither the server nor the source of
// its values.
//
// An unknown value is absent with a reason, never zero.
package telemetry

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"rdiostress/internal/server/admission"
	"rdiostress/internal/server/call"
)

const (
	slowEvery    = 10          // samples; interval of expensive values
	windowLength = 60          // samples; rates are computed over them
	usageTimeout = time.Second // timeout of the store's Usage
	usageShare   = 20          // the store's Usage takes at most one part in 20 of the time
)

// State is the state of the server at one moment.
type State struct {
	Gate        admission.GateUsage
	Connections admission.ConnectionUsage

	AudioFiles, AudioFileLimit int64 // files of long audio, received or played
	SpoolFiles                 int64 // those of them that are being received
	FreeInside                 int64 // free bytes inside the database's own files, left by deleted calls

	Store    call.Stats
	Unusable bool // calls cannot be stored, or may be lost

	LimitsUnknown bool // rate limits cannot be looked up

	Transcription *call.TranscriptionStats // nil if the server does not transcribe
}

// Options are the sources of the values. All are required.
type Options struct {
	Version  string
	Log      *slog.Logger
	Counters *Counters
	State    func() State
	Usage    func(ctx context.Context) (call.Usage, error) // how much the store holds
	FreeDisk func() (bytes uint64, err error)
}

// Telemetry samples a server. It is safe for concurrent use. Create one with New.
type Telemetry struct {
	o        Options
	alerts   *alerts
	registry *prometheus.Registry

	mu       sync.Mutex
	window   []sample // the newest last
	samples  int
	askAt    time.Time // when to call the store's Usage again
	growth   growth
	resident Value
	stored   Value
	free     Value
}

// sample is a snapshot of the counters.
type sample struct {
	at               time.Time
	accepted, failed int64
	response         time.Duration // total time of all accepted uploads
	transcribed      int64
	dead             int64 // calls whose transcription was given up
}

// Value is a number, or the reason why it is absent.
type Value struct {
	Number float64
	Absent string // the reason; empty means that Number is known
}

// New returns a Telemetry without samples.
func New(o Options) *Telemetry {
	t := &Telemetry{o: o, alerts: newAlerts(o.Log)}
	t.registry = newRegistry(t)
	return t
}

// Registry returns the registry of the metrics.
func (t *Telemetry) Registry() *prometheus.Registry { return t.registry }

// Sample takes one sample and raises or clears alerts.
func (t *Telemetry) Sample(ctx context.Context, now time.Time) {
	t.mu.Lock()
	slow, ask := t.samples%slowEvery == 0, !now.Before(t.askAt)
	t.samples++
	t.mu.Unlock()
	var resident, stored, free Value
	if slow {
		resident, free = residentMemory(), t.freeDisk()
	}
	began := time.Now()
	if ask {
		stored = t.storedBytes(ctx)
	}
	took := time.Since(began)
	t.mu.Lock()
	if slow {
		t.resident, t.free = resident, free
		t.growth.add(now, resident)
	}
	if ask {
		t.stored, t.askAt = stored, now.Add(usageShare*took)
	}
	t.window = append(t.window, t.sample(now))
	if len(t.window) > windowLength+1 {
		t.window = t.window[1:]
	}
	t.mu.Unlock()
	t.alerts.evaluate(now, t.Values())
}

// sample takes a snapshot of the counters.
func (t *Telemetry) sample(now time.Time) sample {
	c := t.o.Counters
	s := sample{
		at: now, accepted: c.accepted.Load() + c.duplicates.Load(), failed: c.faults(),
		response: time.Duration(c.response.Load()),
	}
	if tr := t.o.State().Transcription; tr != nil {
		s.transcribed, s.dead = tr.Done, tr.Dead
	}
	return s
}

func (t *Telemetry) storedBytes(ctx context.Context) Value {
	ctx, cancel := context.WithTimeout(ctx, usageTimeout)
	defer cancel()
	u, err := t.o.Usage(ctx)
	if err != nil {
		return Value{Absent: "the store cannot be asked now"}
	}
	return Value{Number: float64(u.AudioBytes)}
}

func (t *Telemetry) freeDisk() Value {
	free, err := t.o.FreeDisk()
	if err != nil {
		return Value{Absent: "this system does not report the free disk space"}
	}
	return Value{Number: float64(free)}
}

// Values with the guide's names, and values that are used only by alerts.
const (
	kpiUploadRate    = "upload_rate"               // accepted uploads/s
	kpiResponseTime  = "avg_response_time"         // s, of accepted uploads
	kpiPool          = "db_connection_pool_usage"  // share in use, 0 to 1
	kpiMemory        = "memory_usage"              // bytes resident
	kpiTranscription = "transcription_queue_depth" // pending
	kpiErrorRate     = "error_rate"                // share of uploads, 0 to 1
	kpiDisk          = "disk_usage"                // bytes of stored audio

	valueGrowth      = "memory_growth"       // bytes/h
	valueFreeDisk    = "disk_free_bytes"     // bytes
	valueBreaker     = "breaker_open"        // 1 means open
	valueBucket      = "audio_store_away"    // 1 means that the bucket for long audio is away
	valueUnusable    = "database_unusable"   // 1 means that calls cannot be stored, or may be lost
	valueLimits      = "rate_limits_unknown" // 1 means that rate limits cannot be looked up
	valueConnections = "connection_usage"    // share of the allowed connections that are open, 0 to 1

	valueOldest      = "transcription_oldest_s"   // age of the oldest call that waits to be transcribed, s; 0 if none
	valueTranscribed = "transcription_rate_per_s" // transcripts/s
	valueDead        = "transcription_dead"       // calls given up in the last minute
)

// KPIs returns the names of the guide's seven values in its order.
func KPIs() []string {
	return []string{kpiUploadRate, kpiResponseTime, kpiPool, kpiMemory, kpiTranscription, kpiErrorRate, kpiDisk}
}

const (
	notYet    = "the server has not been sampled for long enough"
	noUploads = "no upload came in the last minute"
)

// bucketValue is 1 if the bucket for long audio is away, and absent if there is none.
func bucketValue(state call.BreakerState) Value {
	if state == "" {
		return Value{Absent: "the store has no bucket"}
	}
	return Value{Number: zeroOrOne(state != call.BreakerClosed)}
}

// Values returns all current values by name.
func (t *Telemetry) Values() map[string]Value {
	state := t.o.State()
	t.mu.Lock()
	defer t.mu.Unlock()
	values := map[string]Value{
		kpiPool:          {Absent: "the store has no connection pool"},
		kpiMemory:        t.resident,
		kpiDisk:          t.stored,
		valueFreeDisk:    t.free,
		valueGrowth:      t.growth.perHour(),
		valueConnections: {Number: float64(state.Connections.Open) / float64(state.Connections.Limit)},
		valueBreaker:     {Number: zeroOrOne(state.Store.Breaker.State == call.BreakerOpen)},
		valueBucket:      bucketValue(state.Store.Bucket.State),
		valueUnusable:    {Number: zeroOrOne(state.Unusable)},
		valueLimits:      {Number: zeroOrOne(state.LimitsUnknown)},
	}
	if pool := state.Store.Pool; pool.Max > 0 {
		values[kpiPool] = Value{Number: float64(pool.InUse) / float64(pool.Max)}
	}
	if len(t.window) == 0 {
		for _, name := range []string{kpiMemory, kpiDisk, valueFreeDisk} {
			values[name] = Value{Absent: notYet}
		}
	}
	setRates(values, t.window)
	setTranscription(values, state.Transcription, t.window)
	return values
}

// setRates computes the values that are measured over a window of samples.
func setRates(values map[string]Value, window []sample) {
	if len(window) < 2 {
		for _, name := range []string{kpiUploadRate, kpiResponseTime, kpiErrorRate} {
			values[name] = Value{Absent: notYet}
		}
		return
	}
	first, last := window[0], window[len(window)-1]
	accepted, failed := float64(last.accepted-first.accepted), float64(last.failed-first.failed)
	values[kpiUploadRate] = Value{Absent: notYet}
	if took := last.at.Sub(first.at).Seconds(); took > 0 {
		values[kpiUploadRate] = Value{Number: accepted / took}
	}
	values[kpiResponseTime], values[kpiErrorRate] = Value{Absent: noUploads}, Value{Absent: noUploads}
	if accepted > 0 {
		values[kpiResponseTime] = Value{Number: (last.response - first.response).Seconds() / accepted}
	}
	if accepted+failed > 0 {
		values[kpiErrorRate] = Value{Number: failed / (accepted + failed)}
	}
}

func zeroOrOne(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
