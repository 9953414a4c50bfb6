package discover

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"rdiostress/internal/inputfile"
)

// sdrtrunkAPI reads the configuration of sdrtrunk-rdio-api: the command line, else the file, else its defaults.
func sdrtrunkAPI(p *process) *configuration {
	isProgram := func(arg string) bool {
		name := strings.TrimSuffix(filepath.Base(arg), ".exe")
		return name == "cli.py" || name == "sdrtrunk-rdio-api"
	}
	if !slices.ContainsFunc(p.args, isProgram) || !slices.Contains(p.args, "serve") {
		return nil
	}
	file, how := "", fmt.Sprintf("on the command line of process %d", p.pid)
	if named, ok := p.option("db-path"); ok {
		file = named
	} else {
		name, _ := p.option("c", "config")
		path := p.abs(cmp.Or(name, filepath.Join("config", "config.yaml")), "")
		text, err := inputfile.Read(path, maxConfiguration)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return unreadable(path, err)
		}
		if file, how = parseSDRTrunkAPI(text), "in "+plain(path); file == "" {
			file, how = filepath.Join("data", "rdio_calls.db"), byDefault(p)
		}
	}
	return &configuration{places: []Place{sqlite(p.abs(file, ""), how)}}
}

// parseSDRTrunkAPI returns the path of the database; empty if the file does not have it, or is no YAML, in which case
// the server uses its defaults too.
func parseSDRTrunkAPI(text []byte) string {
	var config struct {
		Database struct {
			Path string `yaml:"path"`
		} `yaml:"database"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		return ""
	}
	return config.Database.Path
}
