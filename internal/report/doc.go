// Package report is the saved document of a run: [New] makes the [Report] of a measured and judged run, [WriteJSON]
// and [Read] save it and bring it back, and [WriteFile] puts it in a file, whole or not at all. The packages below
// it render it.
package report
