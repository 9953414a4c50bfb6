// Package exitcode lists the exit codes of the commands, which scripts and CI rely on. A verdict asks for one of them;
// the command line ends with it.
package exitcode

// The exit codes. Where several apply the most serious wins: Interrupted, NoRun, DataLoss, Inconclusive, Missed.
const (
	OK           = 0   // every threshold is met
	Missed       = 1   // a threshold is missed, or the run was stopped early by its own rule
	Usage        = 2   // flags or configuration are wrong
	NoRun        = 3   // the run could not be made, or it is not known what was stored where that was required
	DataLoss     = 4   // an acknowledged call was not stored
	Inconclusive = 5   // a threshold is missed while the generator was the limit
	Interrupted  = 130 // stopped by a signal
)

// Help describes the exit codes in help texts.
const Help = `Exit codes:
  0    every threshold met
  1    a threshold missed
  2    usage or configuration
  3    the run could not be made (target unreachable, key refused, no sample), or its report not;
       or what is stored could not be read, or is not known and --require-storage asks for it
  4    data loss: an acknowledged call was not stored, or not as it was sent
  5    inconclusive: the generator was the limit
  130  interrupted`
