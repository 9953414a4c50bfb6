// Package capacity finds the highest rate of calls that a server sustains.
//
// [Run] makes a complete search against a server. Each rate is held by its own trial (package trial) with new
// connections, as when a server's receivers reconnect. The trials share one watch over the server, one calendar that
// dates their calls, and what was learned of the server before the first trial (stepper.go).
//
// The decisions are pure functions: [Search] chooses the next rate, [Monitor] decides when a rate was held for long
// enough, and [Judge] whether it met every objective. The saved document is [rdiostress/internal/report.Capacity].
package capacity
