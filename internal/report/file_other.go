//go:build !unix

package report

// openFlags are what else is needed to open something without a wait.
const openFlags = 0

// isUnread reports whether a pipe cannot be opened since it has no reader.
func isUnread(error) bool { return false }
