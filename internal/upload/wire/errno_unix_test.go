//go:build unix

package wire

import "golang.org/x/sys/unix"

const tooManyFiles = unix.EMFILE
