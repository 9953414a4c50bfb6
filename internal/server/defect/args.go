package defect

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// arg is one argument of a defect: a number, a duration or a size, depending on the type of its default.
type arg struct {
	name    string
	initial any // int, time.Duration or bytes
}

// bytes is a size.
type bytes uint64

// values are a defect's arguments.
type values struct {
	dir string
	of  map[string]any
}

func (v values) number(name string) int             { return v.of[name].(int) }
func (v values) duration(name string) time.Duration { return v.of[name].(time.Duration) }
func (v values) bytes(name string) int              { return int(v.of[name].(bytes)) }

// maxNumber limits the arguments that are counts.
const maxNumber = 1_000_000

// parseArgs parses "name:value,name:value". Missing arguments keep their defaults. The first argument's name may be
// omitted: "stall=2s".
func parseArgs(args []arg, given string) (values, error) {
	v := values{of: make(map[string]any)}
	for _, a := range args {
		v.of[a.name] = a.initial
	}
	if given == "" {
		return v, nil
	}
	for i, part := range strings.Split(given, ",") {
		name, text, named := strings.Cut(part, ":")
		if !named && i == 0 && len(args) > 0 {
			name, text = args[0].name, part
		}
		initial, ok := v.of[strings.TrimSpace(name)]
		if !ok {
			return v, fmt.Errorf("there is no argument %q", name)
		}
		value, err := parseLike(initial, strings.TrimSpace(text))
		if err != nil {
			return v, fmt.Errorf("%s: %w", name, err)
		}
		v.of[strings.TrimSpace(name)] = value
	}
	return v, nil
}

// parseLike parses a value of the same type as another one.
func parseLike(initial any, text string) (any, error) {
	switch initial.(type) {
	case int:
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxNumber {
			return nil, fmt.Errorf("%q is not a number from 1 to %d", text, maxNumber)
		}
		return n, nil
	case time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 || d > time.Hour {
			return nil, fmt.Errorf("%q is not a duration such as 300ms, up to 1h", text)
		}
		return d, nil
	case bytes:
		n, err := humanize.ParseBytes(text)
		if err != nil || n < 1 || n > 1<<30 {
			return nil, fmt.Errorf("%q is not a size such as 256kB, up to 1GiB", text)
		}
		return bytes(n), nil
	}
	return nil, errors.New("cannot be given")
}

// format formats the defect with all its arguments, as Parse parses it.
func (v values) format(name string, args []arg) string {
	var parts []string
	for _, a := range args {
		text := fmt.Sprint(v.of[a.name])
		if size, ok := v.of[a.name].(bytes); ok {
			text = strings.ReplaceAll(humanize.Bytes(uint64(size)), " ", "")
		}
		parts = append(parts, a.name+":"+text)
	}
	if len(parts) == 0 {
		return name
	}
	return name + "=" + strings.Join(parts, ",")
}
