package cli

import (
	"errors"

	"rdiostress/internal/inputfile"
)

// refuse returns an error where a flag names something whose reading would block or never end, such as a pipe or a
// device. What else is wrong with a file is told by whoever reads it.
func refuse(flag, path string) error {
	err := inputfile.Check(path)
	if kind := inputfile.KindError(""); errors.As(err, &kind) {
		return problemf("{"+flag+"} %s: %w", path, kind)
	}
	return nil
}
