//go:build !unix

package inputfile

// openFlags are what else is needed to open a file without a wait.
const openFlags = 0

// stdinPath is standard input as a file: there is none.
const stdinPath = ""
