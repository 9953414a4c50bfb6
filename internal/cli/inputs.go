package cli

import (
	"errors"
	"strings"

	"rdiostress/internal/inputfile"
	"rdiostress/internal/secret"
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

// developmentKey is the API key that run and serve use when none is given, so that both work together out of the box.
const developmentKey = secret.Published

// maxKeyFile is how large a file with a key on its first line may be.
const maxKeyFile = 64 << 10

// resolveKey returns the API key: the first line of file if one is named, else key. A pipe is read too, and - is stdin.
func resolveKey(key, file string) (string, error) {
	if file == "" {
		return key, nil
	}
	return firstLine("API key", file, "--api-key-file names a file with the key on its first line")
}

// firstLine returns the first line of a file that has a secret there.
func firstLine(what, file, hint string) (string, error) {
	text, err := inputfile.ReadOnce(file, maxKeyFile)
	if err != nil {
		return "", usageErrorf(hint, "cannot read the %s: %w", what, err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return "", usageErrorf(hint, "%s begins with an empty line", file)
	}
	return line, nil
}

// keyFlagHelp describes the two flags in the same words for both ends.
func keyFlagHelp(what string) (key, file string) {
	return "API key " + what, "read the API key from the first line of this file; wins over --api-key"
}
