package layout

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ownWaits are the files that may wait by a timer of their own, and why.
var ownWaits = map[string]string{
	"inputfile/inputfile.go":    "takes what was read from the channel",
	"mischief/send.go":          "takes a reply from the channel",
	"server/admission/slots.go": "takes a slot as it waits",
	"server/defect/database.go": "takes a connection as it waits",
	"server/server.go":          "takes an error from the channel",
	"upload/wire/dial.go":       "takes a place as it waits",
}

// Waits use clock, apart from those that take something from a channel or put something into it.
func TestWaitsUseClock(t *testing.T) {
	used := map[string]bool{}
	for _, p := range list(t) {
		if p.room() == "clock" || strings.HasSuffix(p.room(), "test") {
			continue
		}
		for _, name := range p.files() {
			path := p.room() + "/" + name
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if !waits(n) {
					return true
				}
				if used[path] = true; ownWaits[path] == "" {
					t.Errorf("%v: it waits by a timer of its own: use clock", set.Position(n.Pos()))
				}
				return true
			})
		}
	}
	for path := range ownWaits {
		if !used[path] {
			t.Errorf("%s does not wait by itself any more: take it out of the list", path)
		}
	}
}

// waits reports whether a piece of code is time.Sleep or a timer for a single wait.
func waits(n ast.Node) bool {
	s, ok := n.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == "time" && slices.Contains([]string{"Sleep", "After", "NewTimer"}, s.Sel.Name)
}
