// Package capacity finds the highest rate of calls that a server takes.
//
// [Run] makes a whole search against a server. Each rate is held by a trial of its own (package trial), with new
// connections, as when a server's receivers come back; the trials share one watch over the server, one calendar that
// dates their calls, and what was learned of the server before the first (stepper.go).
//
// What it decides by is pure: [Search] says which rate to hold next, [Monitor] when a rate has been held for long
// enough, and [Judge] whether it met every objective. The saved document is [rdiostress/internal/report.Capacity].
package capacity
