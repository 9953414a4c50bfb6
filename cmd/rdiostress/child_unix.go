//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"
)

// isolate keeps the terminal's interrupt from the child, which is to answer until the uploads under way are done.
func isolate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// alive tells whether a process that was killed is still there. One that nobody has waited for yet is gone for our purpose, but
// cannot be told from one that is; so callers do not wait for ever.
func alive(p *os.Process) bool { return p.Signal(syscall.Signal(0)) == nil }
