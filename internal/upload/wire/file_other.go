//go:build !linux

package wire

// audioFiles is empty: audio is sent from memory.
type audioFiles struct{}

func (*audioFiles) close() {}
