package field

import (
	"errors"
	"io/fs"
	"slices"
	"testing"
)

// flagged names a field as a command line would.
func flagged(f Name) string { return "--" + string(f) }

// Only the format of a message names fields, never text from outside.
func TestMessagef(t *testing.T) {
	for _, tt := range []struct {
		message Message
		want    string
	}{
		{Messagef("{rate} must be more than %d, not %5.1f%%", 0, -1.0), "--rate must be more than 0, not  -1.0%"},
		{Messagef("check {url}: it answered %s", "{url} {rate}"), "check --url: it answered {url} {rate}"},
		{Messagef("%q failed: %v", "{{url}", errors.New("{}{rate")), `"{{url}" failed: {}{rate`},
		{Messagef("write {url} %s: ", "{rate}") + "check {url}", "write --url {rate}: check --url"},
		{Messagef("%x, %-6s|, %v", []byte("{"), "{x", []string{"{url}"}), "7b, {x    |, [{url}]"},
		{Messagef("%s; %w", Messagef("{url}: %s", "{url}"), errors.New("{url}")), "--url: {url}; {url}"},
		{"{nothing} and {url", "{nothing} and {url"},
	} {
		if got := Namer(flagged).Text(tt.message); got != tt.want {
			t.Errorf("%q is shown as %q, want %q", string(tt.message), got, tt.want)
		}
	}
	if got := Messagef("{ramp_up} %s", "{url}").String(); got != "ramp up {url}" {
		t.Errorf("without names of its own it is %q", got)
	}
	if got := Namer(flagged).Textf("{url} %s", "{url}"); got != "--url {url}" {
		t.Errorf("is shown as %q", got)
	}
}

// An error about a field stays what caused it, and braces in the cause name nothing.
func TestErrorf(t *testing.T) {
	cause := &fs.PathError{Op: "open", Path: "{url}", Err: fs.ErrNotExist}
	err := Errorf("watch_dir", "{watch_dir}: %w", cause)
	if got, want := err.Error(), "watch dir: open {url}: file does not exist"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := Namer(flagged).Text(err.Problem), "--watch_dir: open {url}: file does not exist"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if err.Field != "watch_dir" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%#v", err)
	}
	if err := Errorf("url", "{url} must not be empty"); err.Unwrap() != nil {
		t.Errorf("comes from %v", err.Unwrap())
	}
}

func TestNames(t *testing.T) {
	if names := Names(); !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("not sorted, or twice: %q", names)
	}
}
