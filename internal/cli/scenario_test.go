package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"rdiostress/internal/configfile"
	"rdiostress/internal/flaghelp"
)

// heard is a flag that takes anything and notes it.
type heard struct {
	of    pflag.Value
	heard []string
}

func (h *heard) String() string { return "" }
func (h *heard) Type() string   { return h.of.Type() }

func (h *heard) Set(s string) error {
	h.heard = append(h.heard, s)
	return nil
}

// Every flag of run, whoever adds it, can be set by the key of its name.
func TestEveryFlagHasAKey(t *testing.T) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	runFlags().VisitAll(func(f *pflag.Flag) { flags.Var(&heard{of: f.Value}, f.Name, "") })
	value := func(f *pflag.Flag) string {
		if f.Value.Type() == "bool" {
			return "true"
		}
		return "7"
	}
	var text strings.Builder
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name != scenarioFlag {
			fmt.Fprintf(&text, "%s: %s\n", f.Name, value(f))
		}
	})
	file, err := configfile.Parse("f.yaml", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Apply(configfile.Settings{Flags: flags, Skip: []string{scenarioFlag}}); err != nil {
		t.Fatal(err)
	}
	flags.VisitAll(func(f *pflag.Flag) {
		if got := f.Value.(*heard).heard; f.Name != scenarioFlag && (len(got) != 1 || got[0] != value(f)) {
			t.Errorf("%s: %s sets %q", f.Name, value(f), got)
		}
	})
}

// The template names every key, and each value that it shows is one that the flag takes.
func TestTemplate(t *testing.T) {
	text := scenarioTemplate(runFlags())
	keyed(runFlags(), func(f *pflag.Flag) {
		block := regexp.MustCompile(`(?m)^#? ?` + f.Name + `:.*\n(#? {3}.*\n)*`).FindString(text)
		if block == "" {
			t.Errorf("the template has no key %s", f.Name)
			return
		}
		yaml := regexp.MustCompile(`(?m)^# `).ReplaceAllString(block, "")
		if strings.HasSuffix(yaml, ": "+strings.ToUpper(flaghelp.Value(f))+"\n") {
			return // such as FILE
		}
		file, err := configfile.Parse("template", []byte(yaml))
		if err != nil {
			t.Errorf("%v in:\n%s", err, yaml)
			return
		}
		if _, err := file.Apply(configfile.Settings{Flags: runFlags()}); err != nil {
			t.Errorf("%v in:\n%s", err, yaml)
		}
	})
}

// What show prints is a scenario that does the same.
func TestShownScenarioIsTheSame(t *testing.T) {
	first := filepath.Join(t.TempDir(), "first.yaml")
	text := "rate: 3000/m\ntalkgroups: [1-5, 9]\nresolve: ['a:1:10.0.0.1', \"b:2:10.0.0.2\"]\n" +
		"abort-on:\n  - {when: error_rate > 0.5, for: 10s}\n  - success_rate<0.2 for 5s\nquiet: true\n"
	if err := os.WriteFile(first, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	shown := showScenario(t, first)
	second := filepath.Join(t.TempDir(), "second.yaml")
	if err := os.WriteFile(second, []byte(shown), 0o600); err != nil {
		t.Fatal(err)
	}
	values := regexp.MustCompile(`(?m) *# .*$`)
	if again := showScenario(t, second); values.ReplaceAllString(again, "") != values.ReplaceAllString(shown, "") {
		t.Errorf("first\n%s\nthen\n%s", shown, again)
	}
	for _, want := range []string{
		"rate: 50 ", "  - b:2:10.0.0.2\n", "  - error_rate>0.5 for 10s\n", "# seed: 1 ",
		first + ":1:7",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %q in\n%s", want, shown)
		}
	}
}

func showScenario(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(context.Background(), append([]string{"scenario", "show"}, args...),
		&streams{Out: &out, Err: &errs}); code != 0 {
		t.Fatalf("exit code %d: %s%s", code, out.String(), errs.String())
	}
	return out.String()
}

func TestSecretsAreNotShown(t *testing.T) {
	for name, c := range map[string]struct {
		flag, value string
		secret      bool
	}{
		"key":                 {"api-key", "hush", true},
		"file with a key":     {"api-key-file", "keys/one.txt", false},
		"file of another key": {"other-api-key-file", "keys/one.txt", false},
		"client certificate":  {"client-key", "one.pem", false},
		"token":               {"watch-token", "hush", true},
		"password in address": {"url", "http://me:hush@localhost", true},
		"query in address":    {"url", "http://localhost/api/call-upload?key=hush", true},
		"connection string":   {"database-url", "host=a user=b password=hush", true},
		"plain address":       {"url", "http://localhost:3000", false},
	} {
		t.Run(name, func(t *testing.T) {
			flags := runFlags()
			flags.String("database-url", "", "")
			flags.String("watch-token", "", "")
			flags.String("other-api-key-file", "", "a `FILE`")
			if err := flags.Set(c.flag, c.value); err != nil {
				t.Fatal(err)
			}
			if isSecret(flags.Lookup(c.flag)) != c.secret {
				t.Errorf("secret: %v", !c.secret)
			}
			if c.secret && strings.Contains(effective(flags, nil), "hush") {
				t.Errorf("shown in\n%s", effective(flags, nil))
			}
		})
	}
}

const examplesDir = "../../examples"

// The script that runs the examples leaves none out.
func TestEveryExampleIsRun(t *testing.T) {
	script, err := os.ReadFile("testdata/script/examples.txtar")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Glob(filepath.Join(examplesDir, "*.yaml"))
	if err != nil || len(examples) < 3 {
		t.Fatalf("%d examples, %v", len(examples), err)
	}
	for _, path := range examples {
		for _, does := range []string{"scenario check", "run --scenario"} {
			if want := does + " $EXAMPLES/" + filepath.Base(path); !strings.Contains(string(script), want) {
				t.Errorf("the script does not %s", want)
			}
		}
	}
}

// A whole number is decimal, from wherever it comes and however many zeros it begins with.
func TestWholeNumbersAreDecimal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "numbers.yaml")
	text := "total: 0100\ntalkgroups: [0010, 020-030]\nsystems: 0011\nsites: 08\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	ios := &streams{Out: &out, Err: &errs, Environ: []string{"RDIOSTRESS_UNITS=010"}}
	args := []string{"scenario", "show", file, "--seed", "0777", "--max-concurrent=00050", "--connections", "0"}
	if code := run(context.Background(), args, ios); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	for _, want := range []string{
		"total: 100 ", "talkgroups: 10,20-30 ", "systems: 11 ", "sites: 8 ", "units: 10 ", "seed: 777 ",
		"max-concurrent: 50 ", "connections: 0 ",
	} {
		if !strings.Contains("\n"+out.String(), "\n"+want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
