// Package clips holds the call audio that is built into the binary: the speech clips of this folder, which README.md
// describes one by one. Package audio is what makes calls of them; it is a package of its own only because a file can
// be embedded from no folder but its package's.
package clips

import "embed"

// FS holds the clips by file name, at its root.
//
//go:embed *.mp3 *.m4a *.wav
var FS embed.FS
