package cli

import (
	"os"
	"os/exec"
	"syscall"
)

// isolate keeps the console's interrupt from the child, which is to answer until the uploads under way are done.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// alive tells whether a process that was killed is still there. On Windows killing one waits for its end.
func alive(*os.Process) bool { return false }
