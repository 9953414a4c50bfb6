package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"rdiostress/internal/report"
	"rdiostress/internal/report/text"
)

// checkReportPath finds out before the run whether a report can be written after it.
func checkReportPath(path string, given bool) error {
	switch {
	case path == "" && given:
		return problemf("{json} names no file")
	case path == "" || path == "-":
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return problemf("{json} %s: it is a folder", path)
	} else if err == nil && !info.Mode().IsRegular() {
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

// write writes a result as JSON if asked for, and for people unless the JSON took their place. When the file cannot be
// written, what was made, which cannot be made again, is at least shown.
func (o *runOptions) write(made string, asJSON, forPeople func(io.Writer) error) error {
	switch o.jsonFile {
	case "":
	case "-":
		return asJSON(o.ios.Out)
	default:
		if err := report.WriteFile(o.jsonFile, asJSON); err != nil {
			_ = forPeople(o.ios.Out)
			return withHint(err, made+", and its figures are above; only the report is missing")
		}
	}
	return forPeople(o.ios.Out)
}

func (o *runOptions) tableOptions() text.Options {
	return text.Options{
		Width: o.ios.width(), Color: o.ios.OutTerminal && !o.noColor && o.ios.env("NO_COLOR") == "",
	}
}
