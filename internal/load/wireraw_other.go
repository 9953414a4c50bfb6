//go:build !linux

package load

// audioFiles has no use here.
type audioFiles struct{}

func (*audioFiles) close() {}

// newPlainLink returns a link without TLS.
func newPlainLink(s socket, _ *audioFiles) link { return &streamLink{socket: s} }
