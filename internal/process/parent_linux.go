package process

import "syscall"

// dieWithParent has a command that is about to be started killed when the thread that starts it ends.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
