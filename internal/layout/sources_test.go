package layout

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"testing"
)

// A source is a Go file of a package.
type source struct {
	*ast.File
	set  *token.FileSet
	room string // of the package
	name string // after the room's: "units/exact.go"
}

// sources returns the files of p without tests, for all platforms.
func (p goPackage) sources(t *testing.T) []source {
	t.Helper()
	var list []source
	for _, name := range p.files() {
		set := token.NewFileSet()
		mode := parser.SkipObjectResolution | parser.ParseComments
		file, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, mode)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, source{file, set, p.room(), p.room() + "/" + name})
	}
	return list
}

// sources returns the files of all packages of internal.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	for _, p := range list(t) {
		all = append(all, p.sources(t)...)
	}
	return all
}

// checkOwn checks that no code is of a kind, apart from that of the files that may have it, each of which does.
func checkOwn(t *testing.T, files []source, may map[string]string, is func(n ast.Node) bool, wrong, unused string) {
	t.Helper()
	used := map[string]bool{}
	for _, s := range files {
		ast.Inspect(s.File, func(n ast.Node) bool {
			if !is(n) {
				return true
			}
			if used[s.name] = true; may[s.name] == "" {
				t.Errorf("%v: %s", s.set.Position(n.Pos()), wrong)
			}
			return true
		})
	}
	for name := range may {
		if !used[name] {
			t.Errorf("%s %s: take it out of the list", name, unused)
		}
	}
}
