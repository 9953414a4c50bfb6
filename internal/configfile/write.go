package configfile

import (
	"regexp"
	"strconv"
)

// Key writes a key and its one value as a line of a scenario.
func Key(key, text string) string { return key + ": " + Scalar(text) }

// plainText is text that means itself in YAML wherever a value can stand, in brackets too.
var plainText = regexp.MustCompile(
	`^[A-Za-z0-9/.+-][A-Za-z0-9/.+_=%<>-]*( [A-Za-z0-9/.+_=%<>-]+|[:,][A-Za-z0-9/.+_=%<>-]+)*$`,
)

// Scalar writes a text as a value that Parse reads back as the same text: in quotes where it has to be.
func Scalar(text string) string {
	if !plainText.MatchString(text) {
		return strconv.Quote(text)
	}
	f, err := Parse("", []byte("k: "+text+"\n"))
	if err != nil || len(f.Entries) != 1 || f.Entries[0].Value.Kind != Text || f.Entries[0].Value.Text != text {
		return strconv.Quote(text)
	}
	return text
}
