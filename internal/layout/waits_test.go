package layout

import (
	"go/ast"
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
	files := slices.DeleteFunc(sources(t), func(s source) bool {
		return s.room == "clock" || strings.HasSuffix(s.room, "test")
	})
	checkOwn(t, files, ownWaits, waits, "it waits by a timer of its own: use clock", "does not wait by itself any more")
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
