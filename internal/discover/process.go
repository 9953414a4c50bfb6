package discover

import (
	"path/filepath"
	"strings"
)

// process is what the system shows about a process. What it does not show is empty.
type process struct {
	pid  int32
	args []string // its command line, with the program's name
	env  []string // its variables when it was started, as NAME=value
	dir  string   // its working directory
	exe  string   // its program

	files   []string // regular files that it has open
	outputs []string // of these, the files that receive its output and errors

	root string // path to the process's root directory; empty if it is the same as ours
}

// abs converts a path of the process to a path for this program. A relative path begins in base, or in the working
// directory if base is empty.
func (p *process) abs(path, base string) string {
	switch {
	case filepath.IsAbs(path):
	case base != "":
		path = filepath.Join(base, path)
	case p.dir != "":
		path = filepath.Join(p.dir, path)
	default:
		return path
	}
	return p.outside(path)
}

// outside converts an absolute path of the process to a path for this program.
func (p *process) outside(path string) string {
	if p.root == "" || strings.HasPrefix(path, p.root+"/") {
		return path
	}
	inside := p.root + path
	if sameFile(path, inside) {
		return path
	}
	return inside
}

// variable returns the value of an environment variable.
func (p *process) variable(name string) string {
	for _, v := range p.env {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// option returns the value of the last option of a name on the command line.
func (p *process) option(names ...string) (string, bool) {
	if len(p.args) == 0 {
		return "", false
	}
	return option(p.args[1:], names...)
}

// log returns the file that receives the process's output, or else its errors.
func (p *process) log() string {
	if len(p.outputs) == 0 {
		return ""
	}
	return p.outputs[0]
}
