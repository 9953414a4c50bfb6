//go:build unix

package inputfile

import "syscall"

// openFlags have a pipe opened without a wait for its other end, and no terminal become the process's own.
const openFlags = syscall.O_NONBLOCK | syscall.O_NOCTTY

// stdinPath is standard input as a file.
const stdinPath = "/dev/stdin"
