//go:build !linux

package wire

// audioFiles has no use here.
type audioFiles struct{}

func (*audioFiles) close() {}
