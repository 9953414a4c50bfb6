package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"rdiostress/internal/configfile"
	"rdiostress/internal/field"
)

// Each problem is told with where the value comes from that it is about, if that is not the command line.
func TestOrigin(t *testing.T) {
	flags := runFlags()
	for name, from := range map[string]string{"rate": "RDIOSTRESS_RATE", "stages": "busy.yaml:3:1"} {
		flags.Lookup(name).Annotations = map[string][]string{configfile.Origin: {from}}
	}
	problem := &field.Error{Field: "rate", Problem: "{rate} must be more than 0"}
	why := errors.New("why")
	err := withOrigin(flags, usageErrorf("a hint", "%w", errors.Join(
		problemf("{duration} and {stages} exclude each other"),
		errors.Join(problemf("{quiet} is %q", "{rate}"), nameFlags(errors.Join(problem, problem))),
		&replayError{problemf("{rate}: %w", why)}, fmt.Errorf("--rate is named, but by no flag"),
	)))
	const want = "busy.yaml:3:1: --duration and --stages exclude each other\n--quiet is \"{rate}\"\n" +
		"RDIOSTRESS_RATE: --rate must be more than 0\nRDIOSTRESS_RATE: --rate must be more than 0\n" +
		"RDIOSTRESS_RATE: --rate: why\n--rate is named, but by no flag"
	if err.Error() != want || exitCode(err) != exitUsage || !errors.Is(err, why) {
		t.Errorf("got\n%s\nwant\n%s", err, want)
	}
	for _, other := range []error{nil, why, withHint(why, "a hint")} {
		if got := withOrigin(flags, other); !errors.Is(got, other) {
			t.Errorf("%v becomes %v", other, got)
		}
	}
	flags.VisitAll(func(f *pflag.Flag) { f.Annotations = nil })
}

// What others say is no command to the runner of a CI job, which heeds "::error::" after blanks at the start of a line,
// and "##[error]" anywhere.
func TestErrorsAreNoCommands(t *testing.T) {
	const evil = "##[error]no\n  ::error::no\r\n::stop-commands::no"
	var out bytes.Buffer
	ios := &streams{Err: &out, Environ: []string{"RDIOSTRESS_##[error]=no"}}
	printError(ios, withHint(errors.New(evil), evil))
	warnUnknownVariables(newRootCmd(ios), ios)
	o := &runOptions{ios: ios}
	o.addUnasked([]form{{path: "/dev/null/##[error]", write: func(io.Writer) error { return errors.New(evil) }}})
	(&publication{ios: ios}).say("%s", evil)
	if n := strings.Count(out.String(), "\n"); n != 7 {
		t.Errorf("%d lines, want 7", n)
	}
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") ||
			!strings.HasPrefix(line, "rdiostress: ") {
			t.Errorf("says %q", line)
		}
	}
}

// What a server or a file says in an error changes nothing on a terminal.
func TestErrorsArePrintable(t *testing.T) {
	const evil = "rdio\x1b[2J\r\nscanner"
	var out bytes.Buffer
	printError(&streams{Err: &out}, withHint(errors.New("cannot look: "+evil), evil))
	if lines := strings.Count(out.String(), "\n"); strings.ContainsAny(out.String(), "\x1b\r") || lines != 3 {
		t.Errorf("says %q", out.String())
	}
}

// No line of serve's log is a command to the runner of a CI job, whatever a client has sent.
func TestLogLinesAreNoCommands(t *testing.T) {
	const evil = "##[error]no\n::error::no ::add-mask::x ###[group]"
	for _, format := range []string{"text", "json"} {
		var out strings.Builder
		o := &serveOptions{ios: &streams{Err: &out}, logFormat: format, logLevel: "info"}
		o.logger().Info("upload refused "+evil, "label", "##[error]no", "reply", evil)
		line, rest, _ := strings.Cut(out.String(), "\n")
		if rest != "" || strings.Contains(line, "##[") || strings.HasPrefix(strings.TrimSpace(line), "::") {
			t.Errorf("%s: wrote %q", format, out.String())
		}
		if format == "text" {
			continue
		}
		var entry struct{ Label, Reply string }
		err := json.Unmarshal([]byte(line), &entry)
		if err != nil || entry.Label != "##[error]no" || entry.Reply != evil {
			t.Errorf("reads as %+v, %v", entry, err)
		}
	}
}
