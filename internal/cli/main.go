// Package cli is the command line of rdiostress.
//
// One file holds one command: its options, its constructor and what it runs. The work is done by other packages; here
// are only wiring and streams, and how errors become exit codes; the exit code of a run that was made is
// decided in package judge.
package cli

import (
	"context"
	"os"
	"time"

	"golang.org/x/term"

	"rdiostress/internal/generator"
	"rdiostress/internal/stdio"
)

// lastWords is how long the process waits at its end for who reads its errors.
const lastWords = 2 * time.Second

// Main runs the program with the arguments, streams and environment of its process, and exits with its exit code.
func Main() {
	stdio.KeepAlive()
	generator.LimitThreads(os.Getenv("GOMAXPROCS"))
	errs := stdio.NewLossy(os.Stderr)
	code := run(context.Background(), os.Args[1:], &streams{
		In:          os.Stdin,
		Out:         stdio.NewResults(os.Stdout, errs),
		Err:         errs,
		InTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		Own:         true,
		Environ:     os.Environ(),
	})
	errs.Flush(lastWords)
	os.Exit(code)
}
