// Package schedule says when the calls of a run are due.
//
// A [Shape] is the load over time, as straight lines: calls per second in the open model, uploaders in the closed.
// [Arrivals] makes due times of a shape, evenly or as a Poisson process, and [Day] a shape of the hours of a day.
// [Duplicates] says which calls repeat the call before them. All of it is arithmetic: call n is due at one time,
// however the run goes, so nothing here waits or reads a clock.
package schedule
