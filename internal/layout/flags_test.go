package layout

import (
	"go/ast"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"rdiostress/internal/field"
)

// mayNameFlags reports whether the texts of a package may name flags: those of the command line, of what is about flags
// themselves, and of tests.
func mayNameFlags(room string) bool {
	forTests := strings.HasPrefix(room, "testenv") || strings.HasSuffix(room, "test")
	return forTests || slices.Contains([]string{"cli", "flaghelp", "configfile", "layout"}, room)
}

// foreignFlags are texts that look like flags of this program and are not.
var foreignFlags = []string{
	"--signal=SIGKILL",             // of systemctl
	"--sdrtrunk-sdrtrunk-sdrtrunk", // begins a part of SDRTrunk's requests
}

var (
	flagText   = regexp.MustCompile(`(^|[\s("'])--[a-z]`)
	fieldText  = regexp.MustCompile(`\{(?:field:)?([a-z_]+)\}`)
	ruleFields = regexp.MustCompile(`\{field:([a-z_]+)\}`)
)

// Only the command line knows what a flag is called. The texts of other packages name fields, and only those that
// exist.
func TestOnlyTheCommandLineNamesFlags(t *testing.T) {
	for _, s := range sources(t) {
		if mayNameFlags(s.room) {
			continue
		}
		checkTexts(t, s.name, s.File)
		checkMessages(t, s.name, s.File)
	}
}

// checkTexts checks the texts of a file. Words in braces are fields where the file has messages.
func checkTexts(t *testing.T, name string, file *ast.File) {
	hasMessages := file.Name.Name != "field" && slices.ContainsFunc(file.Imports, func(spec *ast.ImportSpec) bool {
		return spec.Path.Value == `"rdiostress/internal/field"`
	})
	ast.Inspect(file, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Error(err)
		}
		if flagText.MatchString(text) && !slices.Contains(foreignFlags, text) {
			t.Errorf("%s names a flag: %s", name, literal.Value)
		}
		if hasMessages {
			checkFields(t, name, fieldText, text)
		}
		return true
	})
}

// checkFields checks that the fields exist that a text names.
func checkFields(t *testing.T, name string, pattern *regexp.Regexp, text string) {
	for _, m := range pattern.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(field.Names(), field.Name(m[1])) {
			t.Errorf("%s names the field %q, which does not exist", name, m[1])
		}
	}
}

// checkMessages checks that messages are made of constant texts, in which nothing from outside names a field, and that
// errors are about fields that exist.
func checkMessages(t *testing.T, name string, file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		called, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		if pkg, ok := called.X.(*ast.Ident); !ok || pkg.Name != "field" {
			return true
		}
		literal, constant := call.Args[0].(*ast.BasicLit)
		switch {
		case called.Sel.Name == "Message" && !constant:
			t.Errorf("%s makes a message of a text that may be from outside: use field.Messagef", name)
		case called.Sel.Name == "Errorf" && constant:
			if f, _ := strconv.Unquote(literal.Value); !slices.Contains(field.Names(), field.Name(f)) {
				t.Errorf("%s: there is no field %q", name, f)
			}
		}
		return true
	})
}

// Nor do the rules of the diagnosis and other files that are part of the program name a flag.
func TestNoFileOfTheProgramNamesFlags(t *testing.T) {
	files := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "testdata":
			return fs.SkipDir
		case filepath.Ext(path) != ".yaml":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		for line := range strings.Lines(string(text)) {
			if flagText.MatchString(line) {
				t.Errorf("%s names a flag: %s", path, line)
			}
		}
		checkFields(t, path, ruleFields, string(text))
		return nil
	})
	if err != nil || files < 20 {
		t.Errorf("%d files, error %v", files, err)
	}
}
