package main

import (
	"os"
	"os/exec"
	"syscall"
)

// isolate keeps the console's interrupt from the child, which is to answer until the uploads under way are done.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// terminate kills the process: Windows has no signal that asks it to stop, and its storage is thrown away.
func terminate(p *os.Process) { _ = p.Kill() }
