package scenario

import (
	"fmt"
	"strconv"
	"strings"

	"rdiostress/internal/rdio"
)

// IDs is a set of system or talkgroup numbers, in the order in which they were given.
type IDs []int64

// maxIDs is the largest size of a set. The largest radio networks have tens of thousands of talkgroups.
const maxIDs = 1_000_000

// ParseIDs reads numbers and ranges that are separated by commas, such as "11,12" or "1001-1400,2001".
func ParseIDs(s string) (IDs, error) {
	var ids IDs
	seen := make(map[int64]bool)
	for _, part := range strings.Split(s, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.ParseInt(strings.TrimSpace(first), 10, 64)
		to, err2 := strconv.ParseInt(strings.TrimSpace(last), 10, 64)
		switch {
		case err1 != nil || err2 != nil:
			return nil, fmt.Errorf("%q is neither a number nor a range such as 1001-1400", part)
		case from < 1 || to > rdio.MaxID:
			return nil, fmt.Errorf("%q is outside 1 to %d", part, int64(rdio.MaxID))
		case to < from:
			return nil, fmt.Errorf("%q runs backwards", part)
		case to-from >= maxIDs-int64(len(ids)):
			return nil, fmt.Errorf("more than %d numbers", maxIDs)
		}
		for id := from; id <= to; id++ {
			if !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
	}
	return ids, nil
}

// String writes the set in the form that ParseIDs reads, with ranges for consecutive numbers.
func (ids IDs) String() string {
	var b strings.Builder
	for i := 0; i < len(ids); {
		j := i
		for j+1 < len(ids) && ids[j+1] == ids[j]+1 {
			j++
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(ids[i], 10))
		if j > i {
			b.WriteByte('-')
			b.WriteString(strconv.FormatInt(ids[j], 10))
		}
		i = j + 1
	}
	return b.String()
}

// MarshalText writes the set as String does.
func (ids IDs) MarshalText() ([]byte, error) { return []byte(ids.String()), nil }

// UnmarshalText reads the set as ParseIDs does.
func (ids *IDs) UnmarshalText(text []byte) (err error) {
	*ids = nil
	if len(text) > 0 {
		*ids, err = ParseIDs(string(text))
	}
	return err
}
