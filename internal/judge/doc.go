// Package judge says how well a server did.
//
// [Limits] are the limits of a run, as data; [Guide] returns the guide's, which are the defaults. [Score] checks a
// [measure.Result] against them and returns the [Threshold] list and the [Verdict], with its grade, its reasons and
// warnings in sentences, and its exit code. [AlertWatch] checks a run against the limits of alerts while it goes on,
// [JudgeMemory] decides whether memory grows, [KPIsOf] and [Trend] summarise what was observed of the server, and
// [StorageOf] says in one word what became of the acknowledged calls.
//
// The package never contacts the server: it only reads the Result, so that a saved report can be judged again years
// later.
package judge
