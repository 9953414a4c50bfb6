// Package stat estimates and compares: the slope of a noisy series with its confidence interval ([TheilSen]), a line
// through points ([LeastSquares]), ranks and correlations, medians, means and shares.
package stat
