//go:build unix

package main

import (
	"os"
	"os/exec"
	"slices"
	"syscall"

	"github.com/shirou/gopsutil/v4/process"
)

// isolate keeps the terminal's interrupt from the child, which is to answer until the uploads under way are done.
func isolate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// alive tells whether a process that was killed is still there. One that its parent has not waited for yet is gone.
func alive(p *os.Process) bool {
	if p.Signal(syscall.Signal(0)) != nil {
		return false
	}
	known, err := process.NewProcess(int32(p.Pid))
	if err != nil {
		return false
	}
	states, err := known.Status()
	return err == nil && !slices.Contains(states, process.Zombie)
}
