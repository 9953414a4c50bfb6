//go:build !linux

package load

import "syscall"

func systemPaces() bool { return false }

func (t *WireTarget) control(string, string, syscall.RawConn) error { return nil }
