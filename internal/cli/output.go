package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"rdiostress/internal/cli/terminal"
	"rdiostress/internal/plain"
	"rdiostress/internal/report"
	"rdiostress/internal/report/github"
	"rdiostress/internal/report/text"
	"rdiostress/internal/stdio"
)

// checkReportPath finds out before the run whether the report of a flag can be written after it.
func checkReportPath(flag, path string, given bool) error {
	switch {
	case path == "" && given:
		return problemf("{" + flag + "} names no file")
	case path == "" || path == "-":
		return nil
	}
	if err := report.CheckKind(path); err != nil {
		return problemf("{"+flag+"} %s: %w", path, err)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil // such as /dev/null, which is written into
	}
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return problemf("{"+flag+"} %s: there is no folder %s", path, folder)
	}
	// Permissions have too many forms to be read: trying tells.
	f, err := os.CreateTemp(folder, ".rdiostress-*")
	if err != nil {
		return problemf("{"+flag+"} %s: no file can be made in %s", path, folder)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// form is a way to write a result, and where to: a file, stdout ("-"), or nowhere.
type form struct {
	flag, path string // no flag if nobody asked for the form
	write      func(io.Writer) error
	// add, if not nil, writes a form of at most so many bytes, which is added to the file.
	add func(w io.Writer, most int) error
}

// toFile writes the form into its file.
func (f *form) toFile() error {
	if f.add != nil {
		return github.AppendSummary(f.path, f.add)
	}
	return report.WriteFile(f.path, f.write)
}

// writeFiles writes the forms that go to files, and returns the paths of those that it could write. None that fails
// keeps another from being written.
func writeFiles(forms []form) (written []string, err error) {
	var errs []error
	for _, f := range forms {
		if f.flag == "" || f.path == "" || f.path == "-" {
			continue
		}
		if err := f.toFile(); err != nil {
			errs = append(errs, err)
		} else {
			written = append(written, f.path)
		}
	}
	return written, errors.Join(errs...)
}

// onStdout returns the form that takes the place of the text for people; false if none does.
func onStdout(forms []form) (form, bool) {
	i := slices.IndexFunc(forms, func(f form) bool { return f.flag != "" && f.path == "-" })
	if i < 0 {
		return form{}, false
	}
	return forms[i], true
}

// conclude writes a result in the forms that were asked for, and for people unless one of them took their place, and
// ends the command with the code that the result earned. Files come first: who reads the text can keep them waiting,
// or be gone. When a file cannot be written, what was made, which cannot be made again, is at least shown.
func (o *runOptions) conclude(made string, code int, forms []form, forPeople func(io.Writer) error) error {
	written, fileErr := writeFiles(forms)
	o.addUnasked(forms)
	inPlace, taken := onStdout(forms)
	if taken {
		forPeople = inPlace.write
	}
	outErr := forPeople(o.ios.Out)
	switch {
	case fileErr != nil && outErr != nil:
		return &commandError{
			unwritten(code),
			fmt.Errorf("%w\ncannot write the result to stdout either: %s", fileErr, plain.Reason(outErr)), "",
		}
	case fileErr != nil && taken:
		return &commandError{unwritten(code), fileErr, made + ", and its report is on stdout" + andIn(written)}
	case fileErr != nil:
		return &commandError{unwritten(code), fileErr, made + ", and its figures are above" + andIn(written)}
	case outErr != nil && taken:
		return &commandError{
			unwritten(code), fmt.Errorf("cannot write the report to stdout: %s", plain.Reason(outErr)),
			fmt.Sprintf("%s; --%s FILE keeps its report, whoever reads stdout", made, inPlace.flag),
		}
	case outErr != nil && !stdio.ReaderGone(outErr): // who has gone does not want them
		err := fmt.Errorf("cannot write the result to stdout: %s", plain.Reason(outErr))
		return &commandError{unwritten(code), err, ""}
	case outErr != nil && code == exitInterrupted:
		o.ios.say("what read the result has ended, so it is not shown%s", whereReport(forms))
		return exitStatus(code)
	case code != exitOK:
		return exitStatus(code)
	default:
		return nil
	}
}

// andIn names the files that have a result too; empty where none has.
func andIn(written []string) string {
	if len(written) == 0 {
		return ""
	}
	return ", and in " + strings.Join(written, ", ")
}

// addUnasked writes the forms that nobody asked for. One that fails changes no exit code.
func (o *runOptions) addUnasked(forms []form) {
	for _, f := range forms {
		if f.flag != "" {
			continue
		}
		if err := f.toFile(); err != nil {
			o.ios.say("warning: %v", err)
		}
	}
}

// annotate tells the runner of a CI job what is wrong, if there is one. It reads stderr as it reads stdout, which may
// have a report.
func (o *runOptions) annotate(list github.Annotations) {
	if o.ios.env("GITHUB_ACTIONS") == "true" {
		_ = list.Write(o.ios.Err) // nobody is left to tell
	}
}

// whereReport says where the figures are that could not be shown.
func whereReport(forms []form) string {
	for _, f := range forms {
		if f.flag != "" && f.path != "" {
			return "; the report is in " + f.path
		}
	}
	return "; --json FILE keeps a report"
}

// unwritten is the exit code of a result of which something could not be written. It hides neither that the command was
// interrupted nor a data loss.
func unwritten(code int) int {
	if code == exitInterrupted || code == exitLoss {
		return code
	}
	return exitNoRun
}

// addLookFlags adds the flags that say how text for people looks.
func (o *runOptions) addLookFlags(f *pflag.FlagSet) {
	f.BoolVar(&o.full, "full", false, "show every table, instead of a summary that fits on one screen")
	f.BoolVar(&o.noColor, "no-color", false, "use no colors; the variable NO_COLOR does the same")
	f.BoolVar(&o.ascii, "ascii", false,
		"use no characters but ASCII; a locale that is not UTF-8, and TERM=dumb, do the same")
}

// showRun writes a run for people.
func (o *runOptions) showRun(w io.Writer, rep *report.Report) error {
	if o.full {
		return text.WriteReport(w, *rep, o.tableOptions())
	}
	return text.WriteSummary(w, *rep, o.tableOptions())
}

// showSearch writes a search for a capacity for people.
func (o *runOptions) showSearch(w io.Writer, rep *report.Capacity) error {
	if o.full {
		return text.WriteCapacity(w, *rep, o.tableOptions())
	}
	return text.WriteCapacitySummary(w, *rep, o.tableOptions())
}

// moreText says how what a summary leaves out can be seen. A run is not made again for it where its report was kept.
func (o *runOptions) moreText() string {
	switch {
	case o.saved:
		return "--full shows every table"
	case o.forms.json != "" && o.forms.json != "-":
		return "every table: rdiostress report " + o.forms.json + " --full"
	default:
		return "--full shows every table, --json FILE keeps the report"
	}
}

// screen is where the command shows its progress, as its flags want it.
func (o *runOptions) screen() terminal.Screen {
	s := o.ios.screen()
	s.Quiet, s.Color, s.ASCII = o.quiet, s.Color && !o.noColor, s.ASCII || o.ascii
	return s
}

func (o *runOptions) tableOptions() text.Options {
	return text.Options{
		Names: flagName,
		Width: o.ios.width(),
		Color: o.ios.color(o.ios.OutTerminal) && !o.noColor,
		ASCII: o.ios.ascii(o.ios.OutTerminal) || o.ascii,
		More:  o.moreText(),
		Full:  "--full",
	}
}
