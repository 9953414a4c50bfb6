package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"rdiostress/internal/plain"
	"rdiostress/internal/report"
	"rdiostress/internal/report/text"
	"rdiostress/internal/stdio"
)

// checkReportPath finds out before the run whether a report can be written after it.
func checkReportPath(path string, given bool) error {
	switch {
	case path == "" && given:
		return problemf("{json} names no file")
	case path == "" || path == "-":
		return nil
	}
	if err := report.CheckKind(path); err != nil {
		return problemf("{json} %s: %w", path, err)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil // such as /dev/null, which is written into
	}
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return problemf("{json} %s: there is no folder %s", path, folder)
	}
	// Permissions have too many forms to be read: trying tells.
	f, err := os.CreateTemp(folder, ".rdiostress-*")
	if err != nil {
		return problemf("{json} %s: no file can be made in %s", path, folder)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// conclude writes a result as JSON if asked for, and for people unless the JSON took their place, and ends the command
// with the code that the result earned. The file comes first: who reads the tables can keep it waiting, or be gone.
// When the file cannot be written, what was made, which cannot be made again, is at least shown.
func (o *runOptions) conclude(made string, code int, asJSON, forPeople func(io.Writer) error) error {
	var fileErr, outErr error
	switch o.jsonFile {
	case "-":
		outErr = asJSON(o.ios.Out)
	case "":
		outErr = forPeople(o.ios.Out)
	default:
		fileErr = report.WriteFile(o.jsonFile, asJSON)
		outErr = forPeople(o.ios.Out)
	}
	switch {
	case fileErr != nil && outErr != nil:
		return &commandError{
			unwritten(code),
			fmt.Errorf("%w\ncannot write the tables to stdout either: %s", fileErr, plain.Reason(outErr)), "",
		}
	case fileErr != nil:
		return &commandError{unwritten(code), fileErr, made + ", and its figures are above; only the report is missing"}
	case outErr != nil && o.jsonFile == "-":
		return &commandError{
			unwritten(code), fmt.Errorf("cannot write the report to stdout: %s", plain.Reason(outErr)),
			made + "; --json FILE keeps its report, whoever reads stdout",
		}
	case outErr != nil && !stdio.ReaderGone(outErr): // who has gone does not want them
		err := fmt.Errorf("cannot write the tables to stdout: %s", plain.Reason(outErr))
		return &commandError{unwritten(code), err, ""}
	case outErr != nil && code == exitInterrupted:
		fmt.Fprintln(o.ios.Err, "rdiostress: what read the tables has ended, so they are not shown"+o.whereReport())
		return exitStatus(code)
	case code != exitOK:
		return exitStatus(code)
	default:
		return nil
	}
}

// whereReport says where the figures are that could not be shown.
func (o *runOptions) whereReport() string {
	if o.jsonFile == "" {
		return "; --json FILE keeps a report"
	}
	return "; the report is in " + o.jsonFile
}

// unwritten is the exit code of a result of which something could not be written. It hides neither that the command was
// interrupted nor a data loss.
func unwritten(code int) int {
	if code == exitInterrupted || code == exitLoss {
		return code
	}
	return exitNoRun
}

func (o *runOptions) tableOptions() text.Options {
	return text.Options{
		Names: flagName,
		Width: o.ios.width(), Color: o.ios.OutTerminal && !o.noColor && o.ios.env("NO_COLOR") == "",
	}
}
