// Package cli is the command line of rdiostress.
//
// One file holds one command: its options, its constructor and what it runs. The work is done by other packages; here
// are only wiring, streams and progress, and how errors become exit codes; the exit code of a run that was made is
// decided in package judge.
package cli

import (
	"context"
	"os"

	"golang.org/x/term"
)

// Main runs the program with the arguments, streams and environment of its process, and exits with its exit code.
func Main() {
	os.Exit(run(context.Background(), os.Args[1:], &streams{
		In:          os.Stdin,
		Out:         os.Stdout,
		Err:         os.Stderr,
		InTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		Environ:     os.Environ(),
	}))
}
