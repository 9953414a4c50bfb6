// Package report judges what a run measured and tells people and programs about it: [Score] turns a [measure.Result] into
// thresholds and a verdict, [New] makes the [Report] of it, [WriteJSON] and [Read] save it and bring it back, and [WriteTable]
// shows it on a terminal.
//
// It never sees the server: everything it says comes from the Result, so that a saved report can be judged again years later.
package report
