//go:build unix

package process

import (
	"os"
	"os/exec"
	"slices"
	"syscall"

	"github.com/shirou/gopsutil/v4/process"
)

// Detach keeps the terminal's interrupt from a command that is about to be started: a server is to answer until the
// uploads under way are done.
func Detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// Alive reports whether a process that was killed still exists. One that its parent has not waited for yet is gone,
// but not before the last of its threads: while a thread is left, files are open and ports taken.
func Alive(p *os.Process) bool {
	if p.Signal(syscall.Signal(0)) != nil {
		return false
	}
	known, err := process.NewProcess(int32(p.Pid))
	if err != nil {
		return false
	}
	states, err := known.Status()
	if err != nil {
		return false
	}
	threads, err := known.NumThreads()
	return !slices.Contains(states, process.Zombie) || err == nil && threads > 1
}
