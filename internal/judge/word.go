package judge

import "rdiostress/internal/exitcode"

// Word returns the verdict in a word or two: its grade, unless something else says more.
func (v Verdict) Word() string {
	switch {
	case v.ExitCode == exitcode.Interrupted:
		return "Interrupted"
	case v.ExitCode == exitcode.NoRun && v.Storage == StorageUnknown && v.Grade != Fail:
		return "Not verified"
	case v.ExitCode == exitcode.DataLoss:
		return "Data loss"
	case v.ExitCode == exitcode.Inconclusive:
		return "Inconclusive"
	case v.ExitCode == exitcode.NoRun, v.Grade == Fail:
		return "Fail"
	case v.Grade == Pass:
		return "Pass"
	default:
		return "Monitor"
	}
}
