package measure

// Mischief is what a run's misbehaving clients found. None of their requests counts in any other figure.
type Mischief struct {
	Sent       uint64            `json:"sent"`
	Unsound    uint64            `json:"unsound"`    // requests whose end is part of a finding
	Unfinished uint64            `json:"unfinished"` // requests cut short by the end of the run
	Skipped    uint64            `json:"skipped"`    // due but not sent: too many were in flight
	Kinds      []MischiefKind    `json:"kinds"`
	Findings   []MischiefFinding `json:"findings"`
	GoodCalls  GoodCalls         `json:"good_calls"`
}

// MischiefKind counts one kind of mischief. Each request is in exactly one of Sound, Unsound, Busy, Unreachable and
// Unfinished.
type MischiefKind struct {
	Kind    string  `json:"kind"`
	Percent float64 `json:"percent"` // requested share of the calls while mischief was on
	Sent    uint64  `json:"sent"`
	Sound   uint64  `json:"sound"`   // ended in a way that a sound server may choose
	Unsound uint64  `json:"unsound"` // ended in another way
	// 429, 503 or 507: the server did not handle the request, so there is nothing to judge
	Busy        uint64 `json:"busy"`
	Unreachable uint64 `json:"unreachable"` // no connection
	Unfinished  uint64 `json:"unfinished"`
	Skipped     uint64 `json:"skipped"` // not in Sent
	// "accepted", an HTTP status, or "closed", "timeout", "not_http", "no_connection", "cut_short"
	Answers map[string]uint64 `json:"answers"`
	Sample  string            `json:"sample,omitempty"`
}

// MischiefFinding is something that this server did and that no sound server does.
type MischiefFinding struct {
	Kind string `json:"kind"` // the mischief; "all" for all kinds together
	// Accepted, server_error, odd_answer, not_http, closed, timeout, unlimited, wrote_outside, died or
	// slowed_good_calls.
	Problem  string  `json:"problem"`
	Title    string  `json:"title"`
	Count    uint64  `json:"count"`
	FirstS   float64 `json:"first_s"` // since the start of the run
	LastS    float64 `json:"last_s"`
	Evidence string  `json:"evidence"` // of the first occurrence
}

// GoodCalls compares good calls without mischief and with it, in whole seconds of the same load. If they cannot be
// compared, both are absent and Absent says why.
type GoodCalls struct {
	Without *GoodSeconds `json:"without,omitempty"` // before mischief began and after it had ended
	With    *GoodSeconds `json:"with,omitempty"`
	Absent  string       `json:"absent,omitempty"`
}

// GoodSeconds summarises the good calls of some seconds of a run; times are response times of accepted uploads.
type GoodSeconds struct {
	Seconds     int      `json:"seconds"`
	Silent      int      `json:"silent"` // further seconds with calls in flight and no answer
	Attempted   uint64   `json:"attempted"`
	Accepted    uint64   `json:"accepted"`
	MeanS       float64  `json:"mean_s"`
	MedianS     float64  `json:"median_s"`  // median of the seconds' means
	HighestS    float64  `json:"highest_s"` // highest of the seconds' means
	SuccessRate *float64 `json:"success_rate,omitempty"`
}
