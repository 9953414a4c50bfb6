// Package compare says whether one server, or one version of it, did better than another, by the reports of their runs.
//
// The unit is the run: from four runs a side on, [New] compares the logarithms of each run's figures by Welch's
// interval, or by the differences of pairs. Seconds of one run are no independent samples, so with fewer runs only a
// change within these runs is shown, by batches that are as long as the autocorrelation asks for, and no gate is
// decided. A side's percentiles are those of its runs' merged histograms. docs/compare.md has the formulas and their
// sources.
package compare
