//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// isolate keeps the terminal's interrupt from the child, which is to answer until the uploads under way are done.
func isolate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
