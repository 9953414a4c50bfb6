// Package exitcode lists the exit codes of the commands, which scripts and CI rely on. A verdict asks for one of them;
// the command line ends with it.
package exitcode

import "rdiostress/internal/field"

// The exit codes. Where several apply the most serious wins: Interrupted, NoRun, DataLoss, Inconclusive, Missed. But a
// report that could not be written, which is NoRun, does not hide a DataLoss.
const (
	OK           = 0   // every threshold is met
	Missed       = 1   // a threshold is missed, or the run was stopped early by its own rule
	Usage        = 2   // flags or configuration are wrong, or a file cannot be made where a report is to go
	NoRun        = 3   // no run could be made, or its report not be written, or it is not known what was stored
	DataLoss     = 4   // an acknowledged call was not stored
	Inconclusive = 5   // a threshold is missed while the generator was the limit
	Interrupted  = 130 // stopped by a signal
)

// Help describes the exit codes of a run in help texts.
const Help field.Message = `Exit codes:
  0    all thresholds were met
  1    a threshold was missed
  2    wrong usage or configuration, such as a file for the report that cannot be made
  3    no run (server unreachable, key refused, no call accepted), a report that could not be written after it, or
       storage that could not be read or, with {require_storage}, not verified
  4    data loss: an acknowledged call was not stored, or was stored differently
  5    inconclusive: the load generator was the limit
  130  interrupted`

// SearchHelp describes the exit codes of a search for a capacity in help texts.
const SearchHelp field.Message = `Exit codes:
  0    the capacity was found, or the server held {max_rate}
  1    the server held no rate at all
  2    wrong usage or configuration, such as a file for the report that cannot be made
  3    no search (server unreachable, key refused), or a report that could not be written after it
  4    data loss: an acknowledged call was not stored, or was stored differently
  5    inconclusive: no upper end was found in time, storage was not seen, or the load generator was the limit
  130  interrupted`

// CompareHelp describes the exit codes of a comparison in help texts.
const CompareHelp field.Message = `Exit codes:
  0    every gate is passed, or there is none
  1    a figure is worse, and by more than is tolerated
  2    wrong usage, a file that is no report, or runs that differ in more than the server
  3    the comparison could not be written
  4    data loss: the new server lost acknowledged calls, and the base did not
  5    inconclusive: something is not proved, too few runs, or the load generator was the limit`
