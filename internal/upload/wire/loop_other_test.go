//go:build !linux

package wire

func loopWirings() map[string]wiring { return nil }
