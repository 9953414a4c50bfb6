package main

import (
	"os"
	"os/exec"
	"syscall"
)

// isolate keeps the terminal's interrupt from the child, which is to answer until the uploads under way are done, and has the
// kernel end it if this process is killed.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

func terminate(p *os.Process) { _ = p.Signal(syscall.SIGTERM) } // fails only if it has ended
