package compare

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rdiostress/internal/inputfile"
	"rdiostress/internal/plain"
	"rdiostress/internal/report"
)

// Loaded are the reports of a side.
type Loaded struct {
	Name    string
	Files   []string // of the reports, in their order
	Reports []*report.Report
	Notes   []string // on files that are left out
}

// mostReports bounds how many reports a side has: each may be some megabytes.
const mostReports = 1000

// Load reads the reports of a side: a file, the JSON files of a folder, or those that a pattern matches. In a folder it
// leaves out what is no report of a run. The reports come in the order in which their runs began.
func Load(name string) (Loaded, error) {
	files, one, err := filesOf(name)
	if err != nil {
		return Loaded{}, fmt.Errorf("%s: %s", name, plain.Reason(err))
	}
	side := Loaded{Name: name}
	for _, file := range files {
		rep, other, err := read(file)
		switch {
		case err != nil:
			return Loaded{}, fmt.Errorf("%s: %s", file, plain.Reason(err))
		case rep == nil && one:
			return Loaded{}, fmt.Errorf("%s: %s", file, other)
		case rep == nil:
			side.Notes = append(side.Notes, file+" is left out: "+other)
		default:
			side.Files, side.Reports = append(side.Files, file), append(side.Reports, rep)
		}
	}
	if len(side.Reports) == 0 {
		return Loaded{}, fmt.Errorf("%s: it has no report of a run", name)
	}
	side.sort()
	return side, nil
}

// filesOf are the files that a name stands for; one says that it is the name of a file.
func filesOf(name string) (files []string, one bool, err error) {
	info, err := os.Stat(name)
	switch {
	case err == nil && !info.IsDir():
		return []string{name}, true, nil
	case err == nil:
		files, err = filepath.Glob(filepath.Join(escapePattern(name), "*.json"))
	case strings.ContainsAny(name, "*?["):
		files, err = filepath.Glob(name)
	default:
		return nil, false, err
	}
	switch {
	case err != nil:
		return nil, false, err
	case len(files) == 0 && info != nil:
		return nil, false, errors.New("the folder has no JSON file")
	case len(files) == 0:
		return nil, false, errors.New("no file matches this pattern")
	case len(files) > mostReports:
		return nil, false, fmt.Errorf("%d files are too many, the most are %d", len(files), mostReports)
	}
	return files, false, nil
}

// escapePattern returns a pattern that matches a name alone.
func escapePattern(name string) string {
	if filepath.Separator == '\\' { // there, nothing can be escaped
		return name
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(name)
}

// read reads the report of a run. A document of another kind is none, and other says what it is.
func read(file string) (rep *report.Report, other string, err error) {
	data, err := inputfile.Read(file, report.MaxBytes)
	if err != nil {
		return nil, "", err
	}
	var head struct {
		Schema string `json:"schema"`
	}
	if json.Unmarshal(data, &head) == nil {
		switch {
		case head.Schema == "":
			return nil, "it is no report of rdiostress", nil
		case head.Schema == report.CapacitySchema:
			return nil, "it is of a search for a capacity, not of a run", nil
		case head.Schema == Schema:
			return nil, "it is a comparison, not the report of a run", nil
		}
	}
	doc, err := report.ReadDocument(bytes.NewReader(data))
	if err != nil {
		return nil, "", err
	}
	return doc.Run, "", nil
}

// sort puts the reports in the order in which their runs began.
func (s *Loaded) sort() {
	order := make([]int, len(s.Reports))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return s.Reports[a].Run.StartedAt.Compare(s.Reports[b].Run.StartedAt)
	})
	files, reports := slices.Clone(s.Files), slices.Clone(s.Reports)
	for i, from := range order {
		s.Files[i], s.Reports[i] = files[from], reports[from]
	}
}

// side is what the document says of the runs.
func (s *Loaded) side() Side {
	out := Side{Name: s.Name, Server: serverText(s.Reports), Runs: []Run{}}
	for i, r := range s.Reports {
		run := Run{ID: r.Run.ID, StartedAt: r.Run.StartedAt, Accepted: r.Totals.Accepted}
		if i < len(s.Files) {
			run.File = s.Files[i]
		}
		out.Runs = append(out.Runs, run)
	}
	return out
}

// serverText says what the server of some runs is.
func serverText(reports []*report.Report) string {
	var seen []string
	for _, r := range reports {
		name := r.Target.Server
		switch {
		case name == "":
			name = "a server that does not say what it is"
		case r.Target.Bundled:
			name = "the bundled server of " + r.Tool.Name + " " + r.Tool.Version
		}
		if !slices.Contains(seen, name) {
			seen = append(seen, name)
		}
	}
	return strings.Join(seen, ", ")
}
