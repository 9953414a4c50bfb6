package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"rdiostress/internal/plain"
	"rdiostress/internal/report"
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

// checkReportPaths is checkReportPath for all forms. Only one of them can be on stdout.
func (o *runOptions) checkReportPaths(flags *pflag.FlagSet) error {
	var errs problems
	errs = append(errs, checkReportPath("json", o.jsonFile, flags.Changed("json")),
		checkReportPath("html", o.htmlFile, flags.Changed("html")))
	errs.check(o.jsonFile == "-" && o.htmlFile == "-", "{json} and {html} cannot both be on stdout")
	return errs.join()
}

// form is a way to write a result, and where to: a file, stdout ("-"), or nowhere.
type form struct {
	flag, path string
	write      func(io.Writer) error
}

// writeFiles writes the forms that go to files. None that fails keeps another from being written.
func writeFiles(forms []form) error {
	var errs []error
	for _, f := range forms {
		if f.path != "" && f.path != "-" {
			errs = append(errs, report.WriteFile(f.path, f.write))
		}
	}
	return errors.Join(errs...)
}

// onStdout returns the form that takes the place of the tables; false if none does.
func onStdout(forms []form) (form, bool) {
	i := slices.IndexFunc(forms, func(f form) bool { return f.path == "-" })
	if i < 0 {
		return form{}, false
	}
	return forms[i], true
}

// conclude writes a result in the forms that were asked for, and for people unless one of them took their place, and
// ends the command with the code that the result earned. Files come first: who reads the tables can keep them waiting,
// or be gone. When a file cannot be written, what was made, which cannot be made again, is at least shown.
func (o *runOptions) conclude(made string, code int, forms []form, forPeople func(io.Writer) error) error {
	fileErr := writeFiles(forms)
	inPlace, taken := onStdout(forms)
	if taken {
		forPeople = inPlace.write
	}
	outErr := forPeople(o.ios.Out)
	switch {
	case fileErr != nil && outErr != nil:
		return &commandError{
			unwritten(code),
			fmt.Errorf("%w\ncannot write the tables to stdout either: %s", fileErr, plain.Reason(outErr)), "",
		}
	case fileErr != nil && taken:
		return &commandError{unwritten(code), fileErr, made + ", and its report is on stdout"}
	case fileErr != nil:
		return &commandError{unwritten(code), fileErr, made + ", and its figures are above; only the report is missing"}
	case outErr != nil && taken:
		return &commandError{
			unwritten(code), fmt.Errorf("cannot write the report to stdout: %s", plain.Reason(outErr)),
			fmt.Sprintf("%s; --%s FILE keeps its report, whoever reads stdout", made, inPlace.flag),
		}
	case outErr != nil && !stdio.ReaderGone(outErr): // who has gone does not want them
		err := fmt.Errorf("cannot write the tables to stdout: %s", plain.Reason(outErr))
		return &commandError{unwritten(code), err, ""}
	case outErr != nil && code == exitInterrupted:
		fmt.Fprintln(o.ios.Err, "rdiostress: what read the tables has ended, so they are not shown"+whereReport(forms))
		return exitStatus(code)
	case code != exitOK:
		return exitStatus(code)
	default:
		return nil
	}
}

// whereReport says where the figures are that could not be shown.
func whereReport(forms []form) string {
	for _, f := range forms {
		if f.path != "" {
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
	f.BoolVar(&o.noColor, "no-color", false, "use no colors; the variable NO_COLOR does the same")
	f.BoolVar(&o.ascii, "ascii", false,
		"use no characters but ASCII; a locale that is not UTF-8, and TERM=dumb, do the same")
}

func (o *runOptions) tableOptions() text.Options {
	return text.Options{
		Names: flagName,
		Width: o.ios.width(),
		Color: o.ios.color(o.ios.OutTerminal) && !o.noColor,
		ASCII: o.ios.ascii(o.ios.OutTerminal) || o.ascii,
	}
}
