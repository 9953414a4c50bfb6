// Package stat estimates: the slope of a noisy series and how sure it is, ranks, medians and shares.
package stat
