// Package judge says how well a server did. [Score] holds a [measure.Result] against the thresholds and returns the
// verdict, with its reasons and the exit code that it asks for; [AlertWatch] holds the alerts' limits against a run
// while it goes on; [KPIsOf], [MemoryOf] and [Trend] sum up what was seen of the server.
//
// It never sees the server: everything it says comes from the Result, so that a saved report can be judged again
// years later.
package judge
