// Package threshold is the language in which users limit figures of a run, such as
//
//	p95_response_time_s < 500ms over 10s in phase "sustained"
//
// [Language.Parse] reads it for each of its uses: thresholds of a run or a saved report, objectives of a search for a
// capacity, and rules that end a run early. They differ in which figures and which endings they take. The names of
// figures are those of the JSON report; [Figures] lists them.
package threshold
