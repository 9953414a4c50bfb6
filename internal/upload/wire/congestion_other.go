//go:build !linux

package wire

import "syscall"

func systemUsesBBR() bool { return false }

func (t *Target) control(string, string, syscall.RawConn) error { return nil }
