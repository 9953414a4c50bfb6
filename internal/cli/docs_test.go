package cli

import (
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// docs/commands.md has all flags of a command in its tables, and no others.
func TestDocsNameEveryFlag(t *testing.T) {
	text, err := os.ReadFile("../../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	root := newRootCmd(&streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard})
	run := map[string]bool{}
	for _, name := range []string{"run", "capacity", "serve", "sink", "stt", "drill", "cleanup", "compare", "ab"} {
		cmd, _, err := root.Find([]string{name})
		if err != nil {
			t.Fatal(err)
		}
		documented := flagsInTables(string(text), "rdiostress "+name)
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			switch {
			case name == "run":
				run[f.Name] = true
			case name == "capacity" && run[f.Name]: // it takes those of run, as its section says
				delete(documented, f.Name)
				return
			}
			if !documented[f.Name] && f.Name != "help" && !f.Hidden {
				t.Errorf("%s --%s is in no table of its section", name, f.Name)
			}
			delete(documented, f.Name)
		})
		for flag := range documented {
			t.Errorf("there is no %s --%s", name, flag)
		}
	}
}

// flagsInTables returns the flags named in the first columns of a section's tables.
func flagsInTables(text, title string) map[string]bool {
	_, section, _ := strings.Cut(text, "\n## "+title+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	flags := map[string]bool{}
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		cell, _, _ := strings.Cut(line[2:], " | ")
		for _, m := range regexp.MustCompile("`--([a-z0-9-]+)`").FindAllStringSubmatch(cell, -1) {
			flags[m[1]] = true
		}
	}
	return flags
}
