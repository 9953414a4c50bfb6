package scenario

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"
)

// SizeRange is a range of audio sizes in bytes, including both ends. The zero value is no range.
type SizeRange struct {
	Min, Max int
}

// Limits of audio sizes. The smallest playable files of most codecs have a little less than the least, and no server
// accepts 100 MB.
const (
	minAudioSize = 1000
	maxAudioSize = 100_000_000
)

// ParseSizeRange reads a size, such as 16384 or 16KB, or a range such as 1KB-1MB.
func ParseSizeRange(text string) (SizeRange, error) {
	low, high, isRange := strings.Cut(text, "-")
	if !isRange {
		high = low
	}
	least, err1 := humanize.ParseBytes(strings.TrimSpace(low))
	most, err2 := humanize.ParseBytes(strings.TrimSpace(high))
	switch {
	case err1 != nil || err2 != nil:
		return SizeRange{}, fmt.Errorf("%q is not a size; write bytes, or 16KB, or a range such as 1KB-1MB", text)
	case least < minAudioSize || most > maxAudioSize:
		return SizeRange{}, fmt.Errorf("%q is outside %d bytes to 100 MB", text, minAudioSize)
	case most < least:
		return SizeRange{}, fmt.Errorf("%q runs backwards", text)
	}
	return SizeRange{int(least), int(most)}, nil
}

// String writes the range in the form that ParseSizeRange reads.
func (r SizeRange) String() string {
	switch {
	case r.Max == 0:
		return ""
	case r.Min == r.Max:
		return fmt.Sprint(r.Min)
	default:
		return fmt.Sprintf("%d-%d", r.Min, r.Max)
	}
}
