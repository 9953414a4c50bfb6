package measure

import "time"

// Result is what one run measured, in the form that is saved. Times are seconds, sizes bytes, and every name carries its
// unit. It holds no judgement: package report adds that, and can add it again years later.
type Result struct {
	Run          Run           `json:"run"`
	Target       Target        `json:"target"`
	Scenario     Scenario      `json:"scenario"`
	Totals       Totals        `json:"totals"`
	Latency      Distribution  `json:"latency"`      // response time of accepted uploads, from when they were due
	ServiceTime  Distribution  `json:"service_time"` // the same uploads, from their first byte sent
	Errors       Errors        `json:"errors"`
	ErrorDetails []ErrorDetail `json:"error_details"`
	Delivery     Delivery      `json:"delivery"`
	Series       []Point       `json:"series"`
	Generator    Generator     `json:"generator"`
}

// Run identifies the run.
type Run struct {
	ID          string    `json:"id"`
	StartedAt   time.Time `json:"started_at"`
	DurationS   float64   `json:"duration_s"` // from the first call due until the last reply
	SendingS    float64   `json:"sending_s"`  // from the first call due until no more was sent: what rates are per
	Interrupted bool      `json:"interrupted"`
}

// Target is what was measured.
type Target struct {
	URL string `json:"url"`
}

// Scenario is everything needed to repeat the run. It never holds a secret.
type Scenario struct {
	Model         string  `json:"model"`                // "open" or "closed"
	RatePerS      float64 `json:"rate_per_s,omitempty"` // calls due per second; open model only
	MaxConcurrent int     `json:"max_concurrent"`
	DurationS     float64 `json:"duration_s"`
	TimeoutS      float64 `json:"timeout_s"`
	Client        string  `json:"client"` // whose requests were sent
	Systems       string  `json:"systems"`
	Talkgroups    string  `json:"talkgroups"`
	Seed          uint64  `json:"seed"`
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

// Distribution sums up a histogram of durations. Without a sample the figures are absent and Absent says why.
type Distribution struct {
	Count uint64 `json:"count"`
	*Figures
	Absent    string `json:"absent,omitempty"`
	Clamped   uint64 `json:"clamped,omitempty"`   // samples above the histogram's range, counted at its end
	Histogram string `json:"histogram,omitempty"` // base64 of the HdrHistogram V2 compressed encoding, in nanoseconds
}

// Figures are the numbers of a Distribution that has samples. Mean and maximum are exact; the percentiles are within the
// histogram's three significant digits.
type Figures struct {
	MeanS float64 `json:"mean_s"`
	P50S  float64 `json:"p50_s"`
	P90S  float64 `json:"p90_s"`
	P95S  float64 `json:"p95_s"`
	P99S  float64 `json:"p99_s"`
	P999S float64 `json:"p999_s"`
	MaxS  float64 `json:"max_s"`
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

// Delivery says what became of the acknowledged calls: accepted is not stored. Method says how it was looked at; it is "none",
// or empty in a Result that nobody filled in, where nothing was, and then Absent says why and the counts are absent.
type Delivery struct {
	Method       string   `json:"method"`
	Absent       string   `json:"absent,omitempty"`
	Acknowledged *uint64  `json:"acknowledged,omitempty"`
	Stored       *uint64  `json:"stored,omitempty"`
	Lost         *uint64  `json:"lost,omitempty"`
	Duplicated   *uint64  `json:"duplicated,omitempty"`
	Corrupted    *uint64  `json:"corrupted,omitempty"`
	BacklogMax   *uint64  `json:"backlog_max,omitempty"`  // most calls acknowledged but not yet stored
	StoredPerS   *float64 `json:"stored_per_s,omitempty"` // calls stored per second
	DrainS       *float64 `json:"drain_s,omitempty"`      // from the last reply until the backlog was stored
}

// Point is one interval of the run. Uploads count in the interval they ended in; the times are response times of its accepted
// uploads, absent where it has none.
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
}

// Generator is what the generator knows of itself. Limited means that it, and not the server, held the run back; Reasons say
// how. Lag is how late the open model's pacer released calls, apart from any wait for a free uploader; the closed model has
// none.
type Generator struct {
	Limited  bool     `json:"limited"`
	Reasons  []string `json:"reasons,omitempty"`
	CPUS     float64  `json:"cpu_s"`
	RSSBytes uint64   `json:"rss_bytes"`
	LagP50S  *float64 `json:"lag_p50_s,omitempty"`
	LagP99S  *float64 `json:"lag_p99_s,omitempty"`
	LagMaxS  *float64 `json:"lag_max_s,omitempty"`
}
