// Package units writes figures the way people read them: numbers, rates, sizes, times and percentages, each by one
// function, so that the same figure looks the same wherever it is shown.
package units
