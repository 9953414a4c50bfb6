// Package csv writes the series of a run, or the steps of a search for a capacity, as comma-separated values by RFC
// 4180: for spreadsheets, and for programs that draw charts. Each column's name ends in its unit. A value that was not
// observed is empty, never 0.
package csv
