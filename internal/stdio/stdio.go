// Package stdio writes to the standard streams of a process so that whoever reads them can neither stop nor end it.
//
// A reader can go away: a pipe whose program has ended, a terminal that was closed. And it can stay without reading: a
// pager, a stopped terminal, a full disk. What a command has worked for must be kept in all these cases. So progress,
// logs and errors go through a [Lossy], which never waits and drops what is not taken, and results through [Results],
// which wait, but not for ever, and say what went wrong. [KeepAlive] keeps the process from being killed for a write.
package stdio

import (
	"os"
	"os/signal"
	"syscall"
)

// KeepAlive has a write to a standard stream without a reader fail, where the process would be killed otherwise. It
// holds until the process ends; the programs that it starts are not affected.
func KeepAlive() {
	// Not signal.Ignore, which other programs inherit.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
}
