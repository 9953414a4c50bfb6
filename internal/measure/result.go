package measure

import (
	"slices"
	"time"
)

// Result is what one run measured, in its saved form. Times are seconds, sizes bytes, and every name carries its unit.
// It holds no judgement: package report adds that, and can add it again years later.
type Result struct {
	Run          Run            `json:"run"`
	Target       Target         `json:"target"`
	Scenario     Scenario       `json:"scenario"`
	Totals       Totals         `json:"totals"`
	Latency      Distribution   `json:"latency"`      // response time of accepted uploads, from when they were due
	ServiceTime  Distribution   `json:"service_time"` // of the same uploads, from their first byte sent
	Steps        Steps          `json:"steps"`        // steps of the service time of accepted uploads
	FirstCalls   *FirstCalls    `json:"first_calls,omitempty"`
	Phases       []Phase        `json:"phases"`
	Clients      []ClientTotals `json:"clients,omitempty"` // the totals by client
	Servers      []ServerTotals `json:"servers,omitempty"` // the totals by server, if there are several
	Guide        *Guide         `json:"guide,omitempty"`   // the guide's batches, if requested
	Errors       Errors         `json:"errors"`
	ErrorDetails []ErrorDetail  `json:"error_details"`
	UploadSizes  *UploadSizes   `json:"upload_sizes,omitempty"` // how uploads of each size ended
	Delivery     Delivery       `json:"delivery"`
	// When the calls were transcribed; absent if nobody asked.
	Transcription *Transcription `json:"transcription,omitempty"`
	// If requested, or if the server may have to learn talkgroups.
	Priming  *Priming  `json:"priming,omitempty"`
	Traffic  *Traffic  `json:"traffic,omitempty"`  // what the calls were
	Mischief *Mischief `json:"mischief,omitempty"` // if requested
	Retries  *Retries  `json:"retries,omitempty"`  // if requested
	// If the clients went about their uploads as the real ones do.
	ClientBehavior []ClientBehavior `json:"client_behavior,omitempty"`
	Watch          Watch            `json:"watch"`
	Alerts         []Alert          `json:"alerts"`
	Series         []Point          `json:"series"`
	// FineSeries is the Series at a finer resolution, by which the run is judged. It is not saved.
	FineSeries []Point `json:"-"`
	// Histograms of the same uploads as the series; absent in reports of older versions.
	Histograms []Histograms `json:"histograms,omitempty"`
	Trend      []TrendPoint `json:"-"` // of the scored part
	Generator  Generator    `json:"generator"`
}

// Run identifies the run.
type Run struct {
	ID          string    `json:"id"`
	StartedAt   time.Time `json:"started_at"`
	DurationS   float64   `json:"duration_s"` // from the first call due until the last reply
	SendingS    float64   `json:"sending_s"`  // from the first call due until sending ended: the base of rates
	Interrupted bool      `json:"interrupted"`
	Aborted     string    `json:"aborted,omitempty"` // the rule that ended the run early
}

// Target describes the server under test, as observed before the run.
type Target struct {
	URL    string   `json:"url"`              // the first, if there are several
	URLs   []string `json:"urls,omitempty"`   // all of several servers
	Server string   `json:"server,omitempty"` // the recognised one, such as "rdio-scanner 7"; absent if not recognised
	// Bundled says that the server was the bundled one, started for this run: its address is gone.
	Bundled bool `json:"bundled,omitempty"`
	// AcknowledgesFirst says that this server is known to acknowledge a call before it stores it.
	AcknowledgesFirst bool `json:"acknowledges_first,omitempty"`
	// DuplicateWindowS is the largest distance between two calls of a talkgroup that the server takes for duplicates.
	// It is absent if that is less than a second, or if the server does not reveal it.
	DuplicateWindowS *float64     `json:"duplicate_window_s,omitempty"`
	CallsBefore      uint64       `json:"calls_before,omitempty"`  // that the server took before the run, priming apart
	FirstReplies     []FirstReply `json:"first_replies,omitempty"` // to the first call of each kind of client
	Warnings         []string     `json:"warnings,omitempty"`      // what to know before the run
}

// Scenario is everything needed to repeat the run. It never holds secrets.
type Scenario struct {
	Model         string   `json:"model"`                // "open" or "closed"
	RatePerS      float64  `json:"rate_per_s,omitempty"` // calls due per second; open model only
	Arrival       string   `json:"arrival,omitempty"`    // "constant" or "poisson"; open model only
	MaxConcurrent int      `json:"max_concurrent"`
	Connections   int      `json:"connections"`  // maximum
	KeepAlive     bool     `json:"keepalive"`    // many calls over one connection
	HTTP          string   `json:"http_version"` // "1.1" or "2"
	Profile       string   `json:"profile,omitempty"`
	WarmUpS       float64  `json:"warmup_s,omitempty"`
	RampUpS       float64  `json:"ramp_up_s,omitempty"`
	Stages        string   `json:"stages,omitempty"`
	DurationS     float64  `json:"duration_s"`      // of the scored part
	Total         uint64   `json:"total,omitempty"` // calls after which the run ends
	ThinkTimeS    float64  `json:"think_time_s,omitempty"`
	TimeoutS      float64  `json:"timeout_s"`
	AbortOn       []string `json:"abort_on,omitempty"`
	Balance       string   `json:"balance,omitempty"` // how the calls were divided among several servers
	Client        string   `json:"client"`            // whose requests were sent
	// When failed calls were sent again: "client", as each client does, or the delays.
	ClientRetries string `json:"client_retries,omitempty"`
	RealClients   bool   `json:"real_clients,omitempty"`     // they queue, pause and give up as the real ones do
	AudioSize     string `json:"audio_size_bytes,omitempty"` // a size or a range; absent: as the calls' lengths give it
	// Folder of the recordings that were sent; absent if built-in speech was sent.
	AudioDir   string `json:"audio_dir,omitempty"`
	Systems    string `json:"systems"`
	Talkgroups string `json:"talkgroups"`
	Seed       uint64 `json:"seed"`
	Mischief   string `json:"mischief,omitempty"` // kinds and their percentages of the calls
	// Where storage was verified; without user and password.
	Verify      string  `json:"verify,omitempty"`
	VerifyWaitS float64 `json:"verify_timeout_s,omitempty"`
	VerifyMaxS  float64 `json:"verify_max_s,omitempty"`
	// Storage had to be verified.
	MustVerify bool `json:"require_storage,omitempty"`
	// Whether transcripts were to be measured: "auto", "off", or "require" if they had to be; absent like "off".
	Transcripts string `json:"transcripts,omitempty"`
	// Longest wait for transcripts after the run.
	TranscriptsMaxS float64 `json:"transcripts_timeout_s,omitempty"`
	CrashTest       string  `json:"crash_test,omitempty"` // what was killed
	CrashAtS        float64 `json:"crash_at_s,omitempty"`
	Radio
}

// Totals counts uploads. Attempted is always Accepted + Failed; the two rates are absent where nothing was attempted.
type Totals struct {
	Attempted   uint64   `json:"attempted"`
	Accepted    uint64   `json:"accepted"`
	Failed      uint64   `json:"failed"`
	Unsent      uint64   `json:"unsent"` // calls that were due but never sent; not in Attempted
	SuccessRate *float64 `json:"success_rate,omitempty"`
	ErrorRate   *float64 `json:"error_rate,omitempty"`
	UploadsPerS float64  `json:"uploads_per_s"` // attempted per second
	BytesSent   uint64   `json:"bytes_sent"`
}

// Distribution summarises a histogram of durations. Without samples the figures are absent and Absent says why.
type Distribution struct {
	Count uint64 `json:"count"`
	*Figures
	Absent     string   `json:"absent,omitempty"`
	FewSamples []string `json:"few_samples,omitempty"` // percentiles with less than one sample beyond them
	// Accepted uploads that are in no figure, because the generator itself was stopped while they were due, sent or
	// answered.
	LeftOut uint64 `json:"left_out,omitempty"`
	Clamped uint64 `json:"clamped,omitempty"` // samples above the histogram's range, counted at its end
	// Base64 of the HdrHistogram V2 compressed encoding, in nanoseconds.
	Histogram string `json:"histogram,omitempty"`
}

// Figures are the numbers of a Distribution that has samples. Mean and maximum are exact; a percentile is the smallest
// recorded value that at least its share of the samples does not exceed, within the histogram's three significant
// digits.
type Figures struct {
	MeanS float64 `json:"mean_s"`
	P50S  float64 `json:"p50_s"`
	P90S  float64 `json:"p90_s"`
	P95S  float64 `json:"p95_s"`
	P99S  float64 `json:"p99_s"`
	P999S float64 `json:"p999_s"`
	MaxS  float64 `json:"max_s"`
}

// Steps are the steps of an upload, each over the uploads that had it.
type Steps struct {
	Connect Distribution `json:"connect"`
	TLS     Distribution `json:"tls"`
	Write   Distribution `json:"write"`
	Wait    Distribution `json:"wait"` // until the first byte of the reply
	Read    Distribution `json:"read"`
}

// FirstCalls compares the first calls of talkgroups with the others, among accepted uploads: servers that create a
// talkgroup's entry on its first call are slow then.
type FirstCalls struct {
	Count      uint64  `json:"count"`
	MeanS      float64 `json:"mean_s"`       // service time
	LaterMeanS float64 `json:"later_mean_s"` // service time of the others
}

// Phase is a part of the run with its own load. The run's figures cover its scored phases together.
type Phase struct {
	Name        string       `json:"name"`
	Scored      bool         `json:"scored"`
	Separate    bool         `json:"apart,omitempty"` // its uploads are in no other figure, not even the series
	StartS      float64      `json:"start_s"`         // since the start of the run
	DurationS   float64      `json:"duration_s"`
	Load        string       `json:"load"` // in words
	Totals      Totals       `json:"totals"`
	Latency     Distribution `json:"latency"`
	ServiceTime Distribution `json:"service_time"`
}

// Guide is the result of the batches of growing concurrency that precede the sustained part in the guide's original
// script.
type Guide struct {
	Batches []Batch `json:"batches"`
	// Concurrent uploads of the batch that failed; absent if none did.
	BreakingPoint *int `json:"breaking_point,omitempty"`
}

// Batch is a number of uploads sent at the same time.
type Batch struct {
	Concurrent int     `json:"concurrent"`
	Attempted  uint64  `json:"attempted"`
	Accepted   uint64  `json:"accepted"`
	DurationS  float64 `json:"duration_s"` // until the last reply
}

// Errors counts every failed upload in exactly one place.
type Errors struct {
	Timeout    uint64            `json:"timeout"`
	Connection uint64            `json:"connection"`
	HTTP       map[string]uint64 `json:"http"` // by status
	Rejected   uint64            `json:"rejected"`
}

// ErrorDetail is one kind of failure: a class and, for HTTP replies, a status.
type ErrorDetail struct {
	Class  string  `json:"class"`
	Parent string  `json:"parent"`
	Status int     `json:"status,omitempty"`
	Count  uint64  `json:"count"`
	FirstS float64 `json:"first_s"` // since the start of the run
	LastS  float64 `json:"last_s"`
	Sample string  `json:"sample,omitempty"`
}

// Point is one interval of the run. An upload counts in the interval in which it ended; the times are response times of
// accepted uploads, absent without any.
type Point struct {
	TS        float64  `json:"t_s"` // start of the interval, since the start of the run
	WidthS    float64  `json:"width_s"`
	Attempted uint64   `json:"attempted"`
	Accepted  uint64   `json:"accepted"`
	Failed    uint64   `json:"failed"`
	MeanS     *float64 `json:"mean_s,omitempty"`
	P50S      *float64 `json:"p50_s,omitempty"`
	P95S      *float64 `json:"p95_s,omitempty"`
	MaxS      *float64 `json:"max_s,omitempty"`
	InFlight  int      `json:"in_flight"` // at the end of the interval

	// Accepted uploads that were the first of their talkgroups.
	FirstCalls uint64 `json:"first_calls,omitempty"`

	LeftOut uint64 `json:"left_out,omitempty"` // accepted uploads whose times are left out, as in a Distribution

	// FailedAttempts counts the attempts after which calls waited to be sent again. Each call counts above once, when
	// its last attempt ended.
	FailedAttempts uint64 `json:"failed_attempts,omitempty"`

	// Failures are the failed ones by kind, the most frequent first, at most eight kinds.
	Failures []PointFailure `json:"failures,omitempty"`

	Server *Observation `json:"server,omitempty"`

	// Storage at the end of the interval, if it was verified.
	Stored     *uint64  `json:"stored,omitempty"`  // acknowledged calls that are stored, since the start of the run
	Backlog    *uint64  `json:"backlog,omitempty"` // acknowledged calls that are not
	StoredPerS *float64 `json:"stored_per_s,omitempty"`

	// Transcripts of the run's calls, if they were measured: at the end of the interval, and the mean time from the
	// reply to the transcript of those that were stored in it.
	Transcribed      *uint64  `json:"transcribed,omitempty"`   // since the start of the run
	Untranscribed    *uint64  `json:"untranscribed,omitempty"` // calls that waited
	TranscriptDelayS *float64 `json:"transcript_delay_s,omitempty"`
}

// PointFailure counts the failed uploads of an interval that failed in the same way.
type PointFailure struct {
	Class  string `json:"class"` // as in an ErrorDetail
	Status int    `json:"status,omitempty"`
	Count  uint64 `json:"count"`
}

// mostPointFailures is how many kinds of failures an interval has at most, so that a server with a new status in each
// reply does not make a series large.
const mostPointFailures = 8

// SetTimes sets the point's times by those of its accepted uploads. Without any, the point has no times.
func (p *Point) SetTimes(response *Histogram) {
	if response.Count() == 0 {
		return
	}
	q := response.Quantiles(0.5, 0.95)
	mean, p50, p95, most := response.Mean().Seconds(), q[0].Seconds(), q[1].Seconds(), response.Max().Seconds()
	p.MeanS, p.P50S, p.P95S, p.MaxS = &mean, &p50, &p95, &most
}

// Timed returns how many uploads the point's times cover.
func (p *Point) Timed() float64 { return float64(p.Accepted - min(p.LeftOut, p.Accepted)) }

// Watch says how the server was watched, and why some signals are absent. Its figures are in the Series.
type Watch struct {
	Process     string       `json:"process,omitempty"` // its name
	PID         int          `json:"pid,omitempty"`
	MetricsURL  string       `json:"metrics_url,omitempty"` // URL of its own metrics
	DataFolders []string     `json:"data_folders,omitempty"`
	Database    string       `json:"database,omitempty"`   // which one, without a password
	Processors  int          `json:"processors,omitempty"` // of its machine
	Events      []WatchEvent `json:"events,omitempty"`     // for example that it ended
	// Why signals are absent, by their names in the Series.
	Absent map[string]string `json:"absent,omitempty"`

	// The kind of rss_bytes: "rss", "pss", "rss_summed" or "reported".
	MemoryKind string         `json:"memory_kind,omitempty"`
	MemoryNote string         `json:"memory_note,omitempty"` // why no better kind was available
	Others     []OtherProcess `json:"other_processes,omitempty"`
}

// The kinds of a server's memory.
const (
	MemoryRSS = "rss" // resident memory of its one process
	MemoryPSS = "pss" // of a family of processes; shared pages count once
	// resident memory of a family of processes, added up: shared pages count several times
	MemorySummed   = "rss_summed"
	MemoryReported = "reported" // from the server's own metrics
)

// OtherProcess is the processor use of the processes of one name, other than the server and this program.
type OtherProcess struct {
	Name     string  `json:"name"`
	CPUSPerS float64 `json:"cpu_s_per_s"`       // processors kept busy, over the time watched
	Backend  bool    `json:"backend,omitempty"` // the server has connected to it, for example its database
}

// Alert is a span of the run in which a KPI exceeded the guide's limit.
type Alert struct {
	Severity string  `json:"severity"` // "high" or "critical"
	KPI      string  `json:"kpi"`      // error_rate, avg_response_time, memory_growth or disk_free; its unit is in Unit
	Unit     string  `json:"unit"`     // of Value and Limit
	Value    float64 `json:"value"`    // the worst value
	Limit    float64 `json:"limit"`
	FromS    float64 `json:"from_s"` // since the start of the run
	ToS      float64 `json:"to_s"`
}

// Generator is what the generator measured of itself. Limited means that it, and not the server, limited the run;
// Reasons say how. Lag is how late the open model's pacer released calls to uploaders that waited for them; the closed
// model has none.
type Generator struct {
	Limited    bool     `json:"limited"`
	Reasons    []string `json:"reasons,omitempty"`
	Shared     bool     `json:"shared"`     // the target runs on this machine and shares its processors
	Processors int      `json:"processors"` // processors that it may use
	CPUS       float64  `json:"cpu_s"`      // processor time used
	RSSBytes   uint64   `json:"rss_bytes"`  // the most memory it held
	LagP50S    *float64 `json:"lag_p50_s,omitempty"`
	LagP99S    *float64 `json:"lag_p99_s,omitempty"`
	LagMaxS    *float64 `json:"lag_max_s,omitempty"`
	// The percentiles of these with less than one sample beyond them.
	FewSamples []string `json:"few_samples,omitempty"`
	// Calls that were due before an uploader was free; open model only.
	SlotWaits  uint64 `json:"slot_waits"`
	Connects   uint64 `json:"connects"`   // connections opened
	Reconnects uint64 `json:"reconnects"` // of these, because the server had closed one between two calls

	GCPauseMaxS    float64 `json:"gc_pause_max_s"`   // longest stop of its garbage collector
	SchedulerMaxS  float64 `json:"sched_wait_max_s"` // longest wait of a runnable goroutine for a processor
	AllocBytesPerS float64 `json:"alloc_bytes_per_s"`

	// The processor time that the system allowed and withheld.
	QuotaProcessors *float64 `json:"quota_processors,omitempty"` // least quota of its control group and ancestors
	ThrottledS      *float64 `json:"throttled_s,omitempty"`      // throttled by a quota, added up over processors
	ThrottledShare  *float64 `json:"throttled_share,omitempty"`  // share of the run's periods in which it was throttled
	RunDelayS       *float64 `json:"run_delay_s,omitempty"`      // its threads' wait for a processor, added up
	RunDelayMeanS   *float64 `json:"run_delay_mean_s,omitempty"` // mean wait before a thread got a processor
	// Why some of these are absent.
	Absent map[string]string `json:"absent,omitempty"`
	Stops  *Stops            `json:"stops,omitempty"` // absent in reports from before stops were looked for
}

// ThrottledMuch is the share of a run above which throttling shows in the 95th percentile.
const ThrottledMuch = 0.05

// Stops are the times of 50 ms or more in which the generator did not run at all: its process or virtual machine was
// stopped, its machine was suspended, or other programs had the processors. Scored uploads that were due, sent or
// answered during a stop, or that an open model sent late after one, are in no response or service time.
type Stops struct {
	Count      uint64     `json:"count"`
	StoppedS   float64    `json:"stopped_s"` // in all
	LongestS   float64    `json:"longest_s"`
	SuspendedS float64    `json:"suspended_s"`     // of it, time in which the machine was suspended
	Accepted   uint64     `json:"accepted"`        // accepted uploads that are left out of the times
	Failed     uint64     `json:"failed"`          // uploads around stops that failed without an answer
	Times      []StopTime `json:"times,omitempty"` // the first of them

	// Mean and 95th percentile of the response times, including those left out, as measured. The server's own times are
	// no longer than these, since a stop only adds time. Absent if none is left out.
	MeanBoundS *float64 `json:"mean_bound_s,omitempty"`
	P95BoundS  *float64 `json:"p95_bound_s,omitempty"`
}

// StopTime is the time of a stop, since the start of the run, by a clock that pauses while the machine is suspended.
type StopTime struct {
	FromS      float64 `json:"from_s"`
	ToS        float64 `json:"to_s"`
	SuspendedS float64 `json:"suspended_s,omitempty"` // in addition
}

// MostLeftOut is the share of accepted uploads without times above which these could include all of the slowest
// twentieth, so that the 95th percentile of all is not known.
const MostLeftOut = 0.05

// LeavesTooMuchOut reports whether so many times are left out that the others are not representative.
func (d *Distribution) LeavesTooMuchOut() bool {
	return float64(d.LeftOut) > MostLeftOut*float64(d.Count+d.LeftOut)
}

// FormatLag formats how late calls were sent, for a sentence: the 99th percentile, or the maximum if there are too few
// calls.
func (g *Generator) FormatLag(show func(seconds float64) string) string {
	if slices.Contains(g.FewSamples, "lag_p99_s") {
		return "up to " + show(*g.LagP99S)
	}
	return show(*g.LagP99S) + " at the 99th percentile"
}
