package discover

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"rdiostress/internal/inputfile"
)

// rdioConfig is the database configuration of rdio-scanner, its forks and ThinLine Radio.
type rdioConfig struct {
	kind, file, host, port, name, user, password string
}

// keys returns pointers to the values in c, by their names on the command line and in the file.
func (c *rdioConfig) keys() map[string]*string {
	return map[string]*string{
		"db_type": &c.kind, "db_file": &c.file, "db_host": &c.host, "db_port": &c.port, "db_name": &c.name,
		"db_user": &c.user, "db_pass": &c.password,
	}
}

// rdioScanner reads the configuration of rdio-scanner and its relatives: the command line, and the file, which takes
// precedence.
func rdioScanner(p *process) *configuration {
	bases, files := p.rdioBases(), []string{"rdio-scanner.ini", "thinline-radio.ini"}
	if named, ok := p.option("config"); ok {
		files = []string{named}
	}
	var given rdioConfig
	onLine := false
	for key, value := range given.keys() {
		if v, ok := p.option(key); ok {
			*value, onLine = v, true
		}
	}
	for _, base := range bases {
		for _, name := range files {
			path := p.abs(name, base)
			text, err := inputfile.Read(path, maxConfiguration)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return unreadable(path, err)
			}
			if c := given.fromFile(p, base, path, string(text)); c != nil {
				return c
			}
		}
	}
	for _, base := range bases {
		how := fmt.Sprintf("on the command line of process %d", p.pid)
		if !onLine {
			how = byDefault(p)
		}
		if c := given.configuration(p, base, how); c != nil {
			return c
		}
	}
	return nil
}

// defaultFile is rdio-scanner's default database.
const defaultFile = "rdio-scanner.db"

// fromFile returns the configuration with the values of the file at path in place of those of the command line. A port
// on the command line is ignored if there is a file, whether the file has one or not.
func (c rdioConfig) fromFile(p *process, base, path, text string) *configuration {
	c.port = ""
	values := parseINI(text)
	for key, value := range c.keys() {
		if v := values[key]; v != "" {
			*value = v
		}
	}
	if c.kind == "" && filepath.Base(path) == "thinline-radio.ini" {
		c.kind = "postgresql"
	}
	return c.configuration(p, base, "in "+plain(path))
}

// configuration returns where the values place the database; nil if they are empty and the server has no default.
func (c rdioConfig) configuration(p *process, base, how string) *configuration {
	host := strings.Trim(cmp.Or(c.host, "localhost"), "[]")
	network := func(method, scheme, port string) *configuration {
		address := url.URL{
			Scheme: scheme, User: url.UserPassword(c.user, c.password),
			Host: net.JoinHostPort(host, cmp.Or(c.port, port)), Path: "/" + c.name,
		}
		return &configuration{places: []Place{served(method, c.name, address.Host, how, address.String())}}
	}
	switch c.kind {
	case "", "sqlite":
		file := p.abs(cmp.Or(c.file, defaultFile), base)
		if c == (rdioConfig{}) && !isSQLite(file) { // any program can have a file of that name
			return nil
		}
		return &configuration{places: []Place{sqlite(file, how)}}
	case "postgresql", "postgres":
		return network(Postgres, "postgres", "5432")
	case "mysql", "mariadb":
		return network(MySQL, "mysql", "3306")
	}
	return &configuration{
		problem: fmt.Sprintf(
			"its configuration, found %s, names a kind of database that is not known: %s", how, plain(c.kind),
		),
	}
}

// goBuild is part of the path of a program that "go run" built.
var goBuild = regexp.MustCompile(`go-build[0-9]+`)

// rdioBases returns the possible base folders of rdio-scanner's relative paths: the configured one, or else the
// program's own, or one in the user's home folder if it may not write to its own.
func (p *process) rdioBases() (bases []string) {
	switch named, ok := p.option("base_dir"); {
	case ok:
		return []string{p.abs(named, "")}
	case p.exe == "":
		return nil
	case goBuild.MatchString(p.exe):
		return []string{p.dir}
	}
	bases = []string{filepath.Dir(p.exe)}
	home, name := cmp.Or(p.variable("HOME"), p.variable("USERPROFILE")), strings.ToLower(p.name())
	if home != "" && (strings.Contains(name, "scanner") || strings.Contains(name, "thinline")) {
		bases = append(bases, filepath.Join(home, "Rdio Scanner"), filepath.Join(home, "ThinLine Radio"))
	}
	return bases
}
