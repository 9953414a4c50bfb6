package cli

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"rdiostress/internal/scenario"
)

// Every field that a message can name has a flag, and every name is that of a field.
func TestFieldsHaveFlags(t *testing.T) {
	flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
	o := &runOptions{}
	o.addFlags(flags)
	names := flagNames()
	for _, f := range scenario.Fields() {
		name, ok := names[f]
		if word, _, _ := strings.Cut(strings.TrimPrefix(name, "--"), " "); !ok || strings.HasPrefix(name, "--") &&
			flags.Lookup(word) == nil {
			t.Errorf("field %s is called %q, which is no flag", f, name)
		}
		delete(names, f)
	}
	if len(names) > 0 {
		t.Errorf("unknown fields %v", names)
	}
}

// The packages that make the load know no flags, and name only fields that exist.
func TestOnlyTheCommandLineKnowsFlags(t *testing.T) {
	flag, field := regexp.MustCompile(`(^|[\s(])--[a-z]`), regexp.MustCompile(`\{([a-z_]+)\}`)
	for _, pkg := range []string{
		"schedule", "scenario", "upload", "upload/wire", "traffic", "preflight", "load", "mischief", "delivery",
		"capacity", "trial", "trial/event", "trial/verification", "bundled", "cli/terminal",
	} {
		dir := filepath.Join("..", filepath.FromSlash(pkg))
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if filepath.Ext(e.Name()) != ".go" || strings.HasSuffix(e.Name(), "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil,
				parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				text, ok := n.(*ast.BasicLit)
				if !ok || text.Kind != token.STRING {
					return true
				}
				value, err := strconv.Unquote(text.Value)
				if err != nil {
					t.Error(err)
				}
				if flag.MatchString(value) {
					t.Errorf("%s/%s names a flag: %s", pkg, e.Name(), text.Value)
				}
				for _, m := range field.FindAllStringSubmatch(text.Value, -1) {
					if !slices.Contains(scenario.Fields(), scenario.Field(m[1])) {
						t.Errorf("%s/%s names an unknown field: %s", pkg, e.Name(), text.Value)
					}
				}
				return true
			})
		}
	}
}

// Each of several errors about fields speaks of flags, and stays what it was.
func TestNameFlags(t *testing.T) {
	other := errors.New("a {rate} of its own")
	field := &scenario.FieldError{Field: "rate", Problem: "{rate} and {ramp_up} are not {known}"}
	err := nameFlags(errors.Join(other, field))
	if got, want := fmt.Sprint(err), "a {rate} of its own\n--rate and --ramp-up are not {known}"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := (*scenario.FieldError)(nil); !errors.As(err, &got) || got.Error() != "rate and ramp up are not {known}" {
		t.Errorf("%v", got)
	}
	if nameFlags(nil) != nil {
		t.Error("nothing wrong is an error")
	}
}
