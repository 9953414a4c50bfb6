package units

import (
	"fmt"
)

// Interval writes the time between two moments of a run, in seconds since its start, short enough for a column:
// "1.0–118 s", or "0:12–2:13 h".
func Interval(first, last float64) string {
	const clock = 1000 // seconds from which hours and minutes read better
	from, to, unit := tenths(first), tenths(last), " s"
	if last >= clock {
		from, to, unit = hours(first), hours(last), " h"
	}
	if from == to {
		return to + unit
	}
	return from + "–" + to + unit
}

func tenths(s float64) string {
	if s < 9.95 {
		return fmt.Sprintf("%.1f", s)
	}
	return fmt.Sprintf("%.0f", s)
}

func hours(s float64) string {
	minutes := uint64(min(max(s, 0), 1e15)) / 60
	return fmt.Sprintf("%s:%02d", Count(minutes/60), minutes%60)
}
