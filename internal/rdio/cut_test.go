package rdio

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// Labels are kept up to a kilobyte and lists up to a thousand items, to the byte and the item; of longer ones the rest
// is cut off, between two characters, and their names are told.
func TestLongFieldsAreCut(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	list := func(item string, n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
	}
	groups := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprint("g", i))
		}
		return strings.Join(list, ",")
	}
	tests := []struct {
		name, value string
		got         func(c *Call) string
		want        string
		isCut       bool
	}{
		{"systemLabel", long(maxLabelBytes), func(c *Call) string { return c.SystemLabel }, long(maxLabelBytes), false},
		{
			"systemLabel",
			long(maxLabelBytes + 1),
			func(c *Call) string { return c.SystemLabel },
			long(maxLabelBytes),
			true,
		},
		{"talkgroupLabel", long(100_000), func(c *Call) string { return c.TalkgroupLabel }, long(maxLabelBytes), true},
		{"talkgroupName", long(100_000), func(c *Call) string { return c.TalkgroupName }, long(maxLabelBytes), true},
		{"talkgroupTag", long(100_000), func(c *Call) string { return c.TalkgroupTag }, long(maxLabelBytes), true},
		{"talkerAlias", long(100_000), func(c *Call) string { return c.TalkerAlias }, long(maxLabelBytes), true},
		{
			"talkgroupGroup",
			long(100_000),
			func(c *Call) string { return c.TalkgroupGroups[0] },
			long(maxLabelBytes),
			true,
		},
		{
			"talkerAlias",
			"x" + strings.Repeat("ü", 600),
			func(c *Call) string { return c.TalkerAlias },
			"x" + strings.Repeat("ü", 511),
			true,
		},
		{
			"talkerAlias",
			strings.Repeat("🚒", 300),
			func(c *Call) string { return c.TalkerAlias },
			strings.Repeat("🚒", 256),
			true,
		},
		{
			"units", `[{"id":1,"label":"` + long(5000) + `"}]`, func(c *Call) string { return c.Units[0].Label },
			long(maxLabelBytes), true,
		},
		{"units", list("7", maxListItems), func(c *Call) string { return fmt.Sprint(len(c.Units)) }, "1000", false},
		{"units", list("7", maxListItems+1), func(c *Call) string { return fmt.Sprint(len(c.Units)) }, "1000", true},
		{"units", list(`{"id":7}`, 20_000), func(c *Call) string { return fmt.Sprint(len(c.Units)) }, "1000", true},
		{
			"frequencies",
			list(`{"freq":7}`, 1001),
			func(c *Call) string { return fmt.Sprint(len(c.Frequencies)) },
			"1000",
			true,
		},
		{"patches", list("7", 1001), func(c *Call) string { return fmt.Sprint(len(c.Patches)) }, "1000", true},
		{
			"talkgroupGroups",
			groups(1000),
			func(c *Call) string { return fmt.Sprint(len(c.TalkgroupGroups)) },
			"1000",
			false,
		},
		{
			"talkgroupGroups",
			groups(1001),
			func(c *Call) string { return fmt.Sprint(len(c.TalkgroupGroups)) },
			"1000",
			true,
		},
	}
	for _, tt := range tests {
		f := &Form{HasAudio: true, AudioBytes: 1000}
		for name, value := range map[string]string{
			"system": "1", "talkgroup": "2", "dateTime": "1764000000",
			tt.name: tt.value,
		} {
			if err := f.set(name, value); err != nil {
				t.Fatal(err)
			}
		}
		c, dropped, err := f.Call(time.Unix(1764000000, 0))
		if err != nil || len(dropped) > 0 {
			t.Fatalf("%s of %d bytes: dropped %q, %v", tt.name, len(tt.value), dropped, err)
		}
		if got := tt.got(&c); got != tt.want || !utf8.ValidString(got) {
			t.Errorf(
				"%s of %d bytes: got %d bytes, %.20q…, want %d", tt.name, len(tt.value), len(got), got, len(tt.want),
			)
		}
		if isCut := len(f.Cut()) == 1 && strings.HasPrefix(f.Cut()[0], tt.name); isCut != tt.isCut ||
			!tt.isCut && len(f.Cut()) > 0 {
			t.Errorf("%s of %d bytes: cut %q", tt.name, len(tt.value), f.Cut())
		}
	}
	if !slices.Equal((&Form{}).Cut(), nil) {
		t.Error("an empty form was cut")
	}
}
