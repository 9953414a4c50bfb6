//go:build unix

package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// immediate makes PostgreSQL drop everything, as a crash does.
const immediate = syscall.SIGQUIT

// postgresUser is whom PostgreSQL runs as where the test runs as root, which PostgreSQL refuses to.
func postgresUser() (uid, gid int, err error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		return 0, 0, fmt.Errorf("running as root, and %w", err)
	}
	if uid, err = strconv.Atoi(u.Uid); err == nil {
		gid, err = strconv.Atoi(u.Gid)
	}
	return uid, gid, err
}

// giveAway makes the cluster's folder PostgreSQL's own.
func (c *Cluster) giveAway() error {
	if os.Getuid() != 0 {
		return nil
	}
	uid, gid, err := postgresUser()
	if err != nil {
		return err
	}
	return os.Chown(c.dir, uid, gid)
}

// as lets a command run as the user that PostgreSQL runs as, in the cluster's folder, and away from the terminal's
// signals.
func (c *Cluster) as(cmd *exec.Cmd) *exec.Cmd {
	cmd.Dir = c.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		if uid, gid, err := postgresUser(); err == nil { // else giveAway has failed
			cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	return cmd
}
