// Command rdiostress finds out how many radio calls a RdioScanner-compatible server can really take, and what breaks first.
//
// One file holds one command: its options, its constructor and what it runs. The work is done by the packages in internal;
// here are only wiring, streams, progress and exit codes.
package main

import (
	"context"
	"os"

	"golang.org/x/term"
)

func main() {
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
