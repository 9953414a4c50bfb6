package layout

import (
	"go/ast"
	"strings"
	"testing"
)

// A doc comment of a function begins with its name, so that none is left from before a renaming. Packages of tests have
// sentences instead, as tests do.
func TestCommentsNameTheirFunction(t *testing.T) {
	for _, s := range sources(t) {
		if strings.HasSuffix(s.room, "test") {
			continue
		}
		for _, decl := range s.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Doc == nil {
				continue
			}
			if first, _, _ := strings.Cut(f.Doc.Text(), " "); strings.TrimRight(first, ",.:;\n") != f.Name.Name {
				t.Errorf("%v: the comment of %s begins with %q", s.set.Position(f.Pos()), f.Name.Name, first)
			}
		}
	}
}
