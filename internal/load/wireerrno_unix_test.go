//go:build unix

package load

import "golang.org/x/sys/unix"

const tooManyFiles = unix.EMFILE
