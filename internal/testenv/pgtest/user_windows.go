package pgtest

import (
	"os"
	"os/exec"
)

// immediate is the only way to end another process here.
var immediate = os.Kill

func (c *Cluster) giveAway() error { return nil }

func (c *Cluster) as(cmd *exec.Cmd) *exec.Cmd {
	cmd.Dir = c.dir
	return cmd
}
