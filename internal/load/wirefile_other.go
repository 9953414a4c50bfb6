//go:build !linux

package load

// audioFiles has no use here.
type audioFiles struct{}

func (*audioFiles) close() {}
