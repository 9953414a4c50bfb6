//go:build unix

package cli

import (
	"os"
	"os/exec"
	"slices"
	"syscall"

	"github.com/shirou/gopsutil/v4/process"
)

// isolate keeps the terminal's interrupt from the child, which is to answer until the uploads under way are done.
func isolate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// alive tells whether a process that was killed is still there. One that its parent has not waited for yet is gone, but not before the
// last of its threads: as long as there is one, files are open and ports taken.
func alive(p *os.Process) bool {
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
