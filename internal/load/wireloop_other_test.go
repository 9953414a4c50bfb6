//go:build !linux

package load

func loopWirings() map[string]wiring { return nil }
