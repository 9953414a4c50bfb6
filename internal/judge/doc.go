// Package judge says how well a server did.
//
// [Limits] are what a run is held against, as data; [Guide] returns the guide's, which are the defaults. [Score] holds
// a [measure.Result] against them and returns the [Threshold] list and the [Verdict], with its grade, its reasons and
// warnings in sentences, and the exit code that it asks for. [AlertWatch] holds the limits of alerts against a run
// while it goes on, [JudgeMemory] decides whether memory grows, [KPIsOf] and [Trend] sum up what was observed of the
// server, and [StorageOf] says in a word what became of the acknowledged calls.
//
// The package never sees the server: everything it says comes from the Result, so that a saved report can be judged
// again years later.
package judge
