//go:build unix

package process

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// Group is a command with all processes that it starts.
type Group struct{ cmd *exec.Cmd }

func (g *Group) prepare() {
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(g.cmd.SysProcAttr)
}

// Start starts the command. The caller waits for it, and calls End then. On Linux the command is killed when the
// thread of the caller ends, as it does when this process is killed: the caller keeps its goroutine on its thread, with
// runtime.LockOSThread, until End.
func (g *Group) Start() error { return g.cmd.Start() }

// kill kills all processes of the group.
func (g *Group) kill() error {
	err := syscall.Kill(-g.cmd.Process.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// Terminate asks the processes of the group to end.
func (g *Group) Terminate() { _ = syscall.Kill(-g.cmd.Process.Pid, syscall.SIGTERM) } // mostly they are there

// End kills what the command has left running. It must be called as soon as the command has been waited for, since the
// id of an empty group may be given to another.
func (g *Group) End() { _ = g.kill() } // mostly there is nothing left
