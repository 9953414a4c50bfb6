package process

import "os/exec"

// NewGroup has a command that is about to be started by [Group.Start] run in a group of its own. A command that was
// made with a context is ended with all of its group when the context ends.
func NewGroup(cmd *exec.Cmd) *Group {
	g := &Group{cmd: cmd}
	cmd.Cancel = g.kill
	g.prepare()
	return g
}
