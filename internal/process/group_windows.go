package process

import (
	"fmt"
	"os/exec"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Group is a command with all processes that it starts. They belong to a job object. Windows kills them when its last
// handle is closed, as it is when this process ends.
type Group struct {
	cmd *exec.Cmd

	mu  sync.Mutex
	job windows.Handle // 0: none
}

func (g *Group) prepare() {
	g.cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// Start starts the command. The caller waits for it, and calls End then. A process that the command starts before it is
// in the job, within its first moment, is not of the group.
func (g *Group) Start() error {
	handle, err := newJob()
	if err != nil {
		return err
	}
	if err := g.cmd.Start(); err != nil {
		_ = windows.CloseHandle(handle)
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := assign(handle, g.cmd.Process.Pid); err != nil {
		_ = windows.CloseHandle(handle) // the process has ended, or it is killed alone
		return nil
	}
	g.job = handle
	return nil
}

// newJob makes a job whose processes end with it.
func newJob() (windows.Handle, error) {
	handle, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, fmt.Errorf("cannot make a job object: %w", err)
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{
			LimitFlags: windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
		},
	}
	_, err = windows.SetInformationJobObject(handle, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	if err != nil {
		_ = windows.CloseHandle(handle)
		return 0, fmt.Errorf("cannot limit a job object: %w", err)
	}
	return handle, nil
}

// assign puts a process into a job.
func assign(to windows.Handle, pid int) error {
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(pid))
	if err != nil {
		return err
	}
	defer func() { _ = windows.CloseHandle(process) }()
	return windows.AssignProcessToJobObject(to, process)
}

// kill kills all processes of the group.
func (g *Group) kill() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.job == 0 {
		return g.cmd.Process.Kill()
	}
	return windows.TerminateJobObject(g.job, 1)
}

// Terminate ends the processes of the group, since Windows has no signal that asks for it.
func (g *Group) Terminate() { _ = g.kill() }

// End kills what the command has left running. It must be called once the command has been waited for.
func (g *Group) End() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.job != 0 {
		_ = windows.CloseHandle(g.job)
		g.job = 0
	}
}
