package discover

import (
	"path/filepath"
	"strings"
)

// process is what the system tells about a process. What it does not tell is empty.
type process struct {
	pid  int32
	args []string // its command line, with the program's name
	env  []string // its variables when it was started, as NAME=value
	dir  string   // its working directory
	exe  string   // its program

	files   []string // regular files that it has open
	outputs []string // of these, what its output and its errors go to

	root string // where the process's view of the file system can be reached; empty if it has the same view
}

// abs is where a path that the process uses is for this program. A relative one begins in base, or in the working
// directory where that is empty.
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

// outside is where an absolute path of the process's is for this program.
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

// variable is the value of an environment variable.
func (p *process) variable(name string) string {
	for _, v := range p.env {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// option is the value of the last option of a name on the command line.
func (p *process) option(names ...string) (string, bool) {
	if len(p.args) == 0 {
		return "", false
	}
	return option(p.args[1:], names...)
}

// log is the file that the process's output goes to, or else its errors.
func (p *process) log() string {
	if len(p.outputs) == 0 {
		return ""
	}
	return p.outputs[0]
}
