// Package discover finds out where a server on this machine keeps its calls, by the files that its process has open and
// by its configuration.
//
// It knows the configuration of rdio-scanner and its forks, ThinLine Radio, tr-engine and sdrtrunk-rdio-api. It only
// finds candidates: package delivery decides whether a database holds a server's calls. Passwords stay inside a
// [Place]; no text of this package contains one.
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
	Name   string  // its program's name
	Places []Place // where it may keep its calls, the most likely first

	// Problem says why the database in the configuration is not among the places; empty if there was no problem.
	Problem string

	Dir      string // the process's working directory; empty if it cannot be read
	AudioDir string // base of relative audio paths in the server's database; empty if not known
	Log      string // the file that receives its output or errors; empty if none does
}

// Methods of a Place, as the report names them.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
	MySQL    = "mysql"
)

// Place is a database in which a server may keep its calls.
type Place struct {
	Method string // SQLite, Postgres or MySQL
	Where  string // the file, or the database and its host, in words and without a password
	How    string // where this was found, such as "among the open files of process 1234"

	address string
}

// Address is a file's path or a database's address. It may contain a password, and must not be shown.
func (p Place) Address() string { return p.address }

// String returns a description of the place without its password.
func (p Place) String() string { return p.Where + ", found " + p.How }

// GoString returns String, so that no verb shows a password.
func (p Place) GoString() string { return p.String() }

// served returns the place of a database on a database server.
func served(method, name, host, how, address string) Place {
	return Place{Method: method, Where: plain(fmt.Sprintf("database %s on %s", name, host)), How: how, address: address}
}

// ErrForbidden means that this user may not read a process.
var ErrForbidden = errors.New("it belongs to another user: a run as that user can read it")

// ErrPassesOn means that a process only forwards connections to the server.
var ErrPassesOn = errors.New("it forwards connections to the server: name the address of the server itself")

// Find inspects the processes of a server, of which the first is the ancestor of the others.
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

// configured adds the places in a process's configuration, and reports whether it is the process of a known server.
// Only the first kind of configuration that exists counts: one of another server, such as a variable of the user's
// shell, names no place.
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

// configuration is the configuration of a process of a known server.
type configuration struct {
	places   []Place
	audioDir string
	problem  string
}

// maxConfiguration is the maximum size of a server's configuration.
const maxConfiguration = 4 << 20

// unreadable returns a configuration whose file cannot be read.
func unreadable(path string, err error) *configuration {
	return &configuration{
		problem: fmt.Sprintf("its configuration %s cannot be read: %v", plain(path), errors.Unwrap(err)),
	}
}

// byDefault describes how a database was found that is not configured.
func byDefault(p *process) string { return fmt.Sprintf("where process %d keeps it by default", p.pid) }

// add adds places that are new and can be opened from here.
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

// inside is the prefix of paths in another mount namespace. These can be read, but SQLite follows the link and opens
// the files of this program's own namespace.
var inside = regexp.MustCompile(`^/proc/[0-9]+/root/`)

// same reports whether two places are the same database.
func (p Place) same(q Place) bool {
	return p.Method == q.Method && (p.address == q.address || p.Method == SQLite && sameFile(p.address, q.address))
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	y, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(x, y)
}

// PassesOn reports, by its name, whether a program listens on behalf of a server elsewhere. Its open files, its
// configuration and its use of the machine say nothing about that server.
func PassesOn(name string) bool {
	return slices.Contains([]string{
		"ssh", "sshd", "autossh", "socat", "stunnel", "stunnel4", "nginx", "haproxy", "caddy", "traefik", "envoy",
		"apache2", "httpd", "lighttpd", "varnishd", "systemd", "conmon", "containerd-shim", "docker-proxy",
		"rootlesskit", "rootlessport", "slirp4netns", "pasta", "pasta.avx2", "gvproxy", "kubectl", "tailscaled",
		"cloudflared", "frpc",
		"frps", "toxiproxy-server",
	}, strings.TrimSuffix(strings.ToLower(name), ".exe"))
}

// name returns the name of a process's program.
func (p *process) name() string {
	if p.exe != "" {
		return filepath.Base(p.exe)
	}
	if len(p.args) > 0 {
		return filepath.Base(p.args[0])
	}
	return "unknown"
}
