package preflight

import "time"

var start = time.Date(2026, 11, 24, 12, 0, 0, 700_000_000, time.UTC)

type onePair struct{ system, talkgroup int64 }
