package discover

import (
	"cmp"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"rdiostress/internal/inputfile"
)

// trEngine reads the configuration of tr-engine: the command line, else the environment, else the file of variables. A
// database address in the environment is used for any other server too.
func trEngine(p *process) *configuration {
	fromFile, path := map[string]string{}, ""
	if strings.Contains(strings.ToLower(p.name()), "engine") { // others do not read the file, which may be unrelated
		name, _ := p.option("env-file")
		path = p.abs(cmp.Or(name, ".env"), "")
		if text, err := inputfile.Read(path, maxConfiguration); err == nil {
			fromFile = parseEnv(string(text))
		}
	}
	setting := func(flag, variable string) (value, how string) {
		if v, _ := p.option(flag); v != "" {
			return v, fmt.Sprintf("on the command line of process %d", p.pid)
		}
		if v := p.variable(variable); v != "" {
			return v, fmt.Sprintf("in the environment of process %d", p.pid)
		}
		return fromFile[variable], "in " + plain(path)
	}
	address, how := setting("database-url", "DATABASE_URL")
	if address == "" {
		return nil
	}
	place, ok := databaseURL(address, how)
	if !ok {
		return &configuration{problem: fmt.Sprintf("its DATABASE_URL, found %s, is not understood", how)}
	}
	c := &configuration{places: []Place{place}}
	if audio, _ := setting("audio-dir", "AUDIO_DIR"); audio != "" || path != "" {
		c.audioDir = p.abs(cmp.Or(audio, "audio"), "")
	}
	return c
}

// databaseURL returns the place of a database address.
func databaseURL(address, how string) (Place, bool) {
	if rest, ok := strings.CutPrefix(address, "mysql://"); ok {
		if i := strings.LastIndexByte(rest, '@'); i >= 0 {
			rest = rest[i+1:]
		}
		host, name, _ := strings.Cut(rest, "/")
		name, _, _ = strings.Cut(name, "?")
		return served(MySQL, name, host, how, address), name != ""
	}
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return Place{}, false
	}
	host := net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port)))
	if filepath.IsAbs(config.Host) { // a socket's folder
		host = config.Host
	}
	return served(Postgres, config.Database, host, how, address), true
}
