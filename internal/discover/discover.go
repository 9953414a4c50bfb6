// Package discover finds out where a server on this machine keeps its calls: by the files that its process has open,
// and by what it is configured with.
//
// It knows the configuration of rdio-scanner and its forks, ThinLine Radio, tr-engine and sdrtrunk-rdio-api. What it
// finds are only candidates: whether a database holds a server's calls is for package delivery to say. Passwords stay
// inside a [Place]; no text that this package makes has one.
package discover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Found is what was found out about the process of a server.
type Found struct {
	PID    int32
	Name   string  // of its program
	Places []Place // where it may keep its calls, the likeliest first

	// Problem says why what the configuration names is not among the places; empty if nothing was in the way.
	Problem string

	Dir      string // the process's working directory; empty if it cannot be read
	AudioDir string // where relative paths of audio files in the server's database begin; empty if that is not known
	Log      string // the file that its output or its errors go to; empty if they go to none
}

// Methods of a Place, as the report names them.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
	MySQL    = "mysql"
)

// Place is a database that a server may keep its calls in.
type Place struct {
	Method string // SQLite, Postgres or MySQL
	Where  string // the file, or the database and its host, in words and without a password
	How    string // where this was found, such as "among the open files of process 1234"

	address string
}

// Address is a file's path or a database's address. It may hold a password, and is not to be shown.
func (p Place) Address() string { return p.address }

// String describes the place without its password.
func (p Place) String() string { return p.Where + ", found " + p.How }

// GoString is String, so that no verb shows a password.
func (p Place) GoString() string { return p.String() }

// served is a database of a database server.
func served(method, name, host, how, address string) Place {
	return Place{Method: method, Where: plain(fmt.Sprintf("database %s on %s", name, host)), How: how, address: address}
}

// ErrForbidden says that a process may not be looked at.
var ErrForbidden = errors.New("it belongs to another user: a run as that user can look at it")

// ErrPassesOn says that a process only passes connections on to the server.
var ErrPassesOn = errors.New("it passes connections on to the server, whose own address has to be named instead")

// Find looks at the processes of a server, of which the first is the one that the others descend from.
func Find(ctx context.Context, pids []int32) (*Found, error) {
	var found *Found
	var all []*process
	for _, pid := range pids {
		p, err := find(ctx, pid)
		switch {
		case err == nil:
			all = append(all, p)
		case pid == pids[0]:
			return nil, fmt.Errorf("process %d: %w", pid, err)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("there is no process to look at")
	}
	root := all[0]
	if PassesOn(root.name()) {
		return nil, fmt.Errorf("process %d (%s): %w", root.pid, root.name(), ErrPassesOn)
	}
	found = &Found{PID: root.pid, Name: root.name(), Dir: root.dir, AudioDir: root.dir}
	for _, p := range all {
		found.add(p.databases()...)
		if found.Log == "" {
			found.Log = p.log()
		}
	}
	for _, p := range all {
		if found.configured(p) {
			break
		}
	}
	return found, nil
}

// configured adds what a process is configured with, and reports whether it is the process of a known server. The first
// kind of configuration that there is counts: what belongs to another server, such as a variable of the user's shell,
// is no place to look.
func (f *Found) configured(p *process) bool {
	for _, read := range []func(*process) *configuration{sdrtrunkAPI, rdioScanner, trEngine} {
		c := read(p)
		if c == nil {
			continue
		}
		f.Problem = cmp.Or(c.problem, f.Problem)
		f.add(c.places...)
		if c.audioDir != "" {
			f.AudioDir = c.audioDir
		}
		return true
	}
	return false
}

// configuration is what a process of a known server is configured with.
type configuration struct {
	places   []Place
	audioDir string
	problem  string
}

// maxConfiguration is how large the configuration of a server may be.
const maxConfiguration = 4 << 20

// unreadable is of a configuration whose file cannot be read.
func unreadable(path string, err error) *configuration {
	return &configuration{
		problem: fmt.Sprintf("its configuration %s cannot be read: %v", plain(path), errors.Unwrap(err)),
	}
}

// byDefault is how a database is found that nothing names.
func byDefault(p *process) string { return fmt.Sprintf("where process %d keeps it by default", p.pid) }

// add adds places that are not there yet, and can be opened from here.
func (f *Found) add(places ...Place) {
	for _, p := range places {
		if p.Method == SQLite && inside.MatchString(p.address) {
			f.Problem = inside.ReplaceAllString(p.Where, "/") +
				" is inside a container, or another view of the files, and cannot be opened from outside: run in there"
			continue
		}
		if !slices.ContainsFunc(f.Places, p.same) {
			f.Places = append(f.Places, p)
		}
	}
}

// inside is how the paths of another view of the files begin. They can be read, but SQLite follows the link and looks
// at the files of this program's own view.
var inside = regexp.MustCompile(`^/proc/[0-9]+/root/`)

// same reports whether two places are one database.
func (p Place) same(q Place) bool {
	return p.Method == q.Method && (p.address == q.address || p.Method == SQLite && sameFile(p.address, q.address))
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	y, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(x, y)
}

// PassesOn tells programs that listen for a server that is elsewhere, by their names. What they have open, are
// configured with, and use of the machine says nothing about it.
func PassesOn(name string) bool {
	return slices.Contains([]string{
		"ssh", "sshd", "autossh", "socat", "stunnel", "stunnel4", "nginx", "haproxy", "caddy", "traefik", "envoy",
		"apache2", "httpd", "lighttpd", "varnishd", "systemd", "conmon", "containerd-shim", "docker-proxy",
		"rootlesskit", "rootlessport", "slirp4netns", "pasta", "pasta.avx2", "gvproxy", "kubectl", "tailscaled",
		"cloudflared", "frpc",
		"frps", "toxiproxy-server",
	}, strings.TrimSuffix(strings.ToLower(name), ".exe"))
}

// name is the name of a process's program.
func (p *process) name() string {
	if p.exe != "" {
		return filepath.Base(p.exe)
	}
	if len(p.args) > 0 {
		return filepath.Base(p.args[0])
	}
	return "unknown"
}
