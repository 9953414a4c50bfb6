// Package capacity finds the highest rate of calls that a server takes: [Search] decides which rate to hold next,
// [Monitor] when a rate has been held for long enough, and [Judge] whether it met every objective. All three are pure;
// whoever holds a rate sends the calls. Its saved document is [rdiostress/internal/report.Capacity].
package capacity
