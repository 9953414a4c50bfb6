// Package blob keeps call audio in files.
package blob

import "regexp"

// spoolName is what the files of a spool folder are called.
var spoolName = regexp.MustCompile(`^[A-Z2-7]{26}\.spool$`)

// IsSpoolFile tells whether name is one that a server gives to the audio that it spools, and hardly anybody else does.
func IsSpoolFile(name string) bool { return spoolName.MatchString(name) }
