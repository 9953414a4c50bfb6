package layout

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// A doc comment of a function begins with its name, so that none is left from before a renaming. Packages of tests have
// sentences instead, as tests do.
func TestCommentsNameTheirFunction(t *testing.T) {
	for _, p := range list(t) {
		if strings.HasSuffix(p.room(), "test") {
			continue
		}
		for _, name := range p.files() {
			set := token.NewFileSet()
			mode := parser.SkipObjectResolution | parser.ParseComments
			file, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, mode)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range file.Decls {
				f, ok := decl.(*ast.FuncDecl)
				if !ok || f.Doc == nil {
					continue
				}
				if first, _, _ := strings.Cut(f.Doc.Text(), " "); strings.TrimRight(first, ",.:;\n") != f.Name.Name {
					t.Errorf("%v: the comment of %s begins with %q", set.Position(f.Pos()), f.Name.Name, first)
				}
			}
		}
	}
}
