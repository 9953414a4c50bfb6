package scenario

import (
	"errors"
	"testing"
)

// Only the format of a message names fields, never text from outside.
func TestMessagef(t *testing.T) {
	name := func(f Field) string { return "--" + string(f) }
	for _, tt := range []struct {
		message Message
		want    string
	}{
		{Messagef("{rate} must be more than %d, not %5.1f%%", 0, -1.0), "--rate must be more than 0, not  -1.0%"},
		{Messagef("check {url}: it answered %s", "{url} {rate}"), "check --url: it answered {url} {rate}"},
		{Messagef("%q failed: %v", "{{url}", errors.New("{}{rate")), `"{{url}" failed: {}{rate`},
		{Messagef("write {url} %s: ", "{rate}") + "check {url}", "write --url {rate}: check --url"},
		{Messagef("%x, %-6s|, %v", []byte("{"), "{x", []string{"{url}"}), "7b, {x    |, [{url}]"},
		{"{nothing} and {url", "{nothing} and {url"},
	} {
		if got := tt.message.Name(name); got != tt.want {
			t.Errorf("%q is shown as %q, want %q", string(tt.message), got, tt.want)
		}
	}
	if got := Messagef("{ramp_up} %s", "{url}").String(); got != "ramp up {url}" {
		t.Errorf("without names of its own it is %q", got)
	}
}
