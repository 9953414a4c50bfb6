package cli

import (
	"os"
	"strings"

	"rdiostress/internal/secret"
)

// developmentKey is the API key that run and serve use when none is given, so that both work together out of the box.
const developmentKey = secret.Published

// resolveKey returns the API key: the first line of file if one is named, else key.
func resolveKey(key, file string) (string, error) {
	if file == "" {
		return key, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", usageErrorf("--api-key-file names a file with the key on its first line",
			"cannot read the API key: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return "", usageErrorf("--api-key-file names a file with the key on its first line",
			"%s begins with an empty line", file)
	}
	return line, nil
}

// keyFlagHelp describes the two flags in the same words for both ends.
func keyFlagHelp(what string) (key, file string) {
	return "API key " + what, "read the API key from the first line of this file; wins over --api-key"
}
