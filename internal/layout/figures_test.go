package layout

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"testing"
)

// digitsVerb is a verb of fmt that says how many digits a figure has.
var digitsVerb = regexp.MustCompile(`%[-+# 0]*[0-9*]*\.[0-9*]+[eEfFgG]`)

// ownFigures are the files that may decide on digits themselves, and why.
var ownFigures = map[string]string{
	"measure/watchevent.go":      "sentences that are read again",
	"server/defect/queue.go":     "what another server answers",
	"server/storetest/search.go": "a test's log",
}

// Only units decides how many digits a figure has for people.
func TestFiguresHaveOneFormatter(t *testing.T) {
	files := slices.DeleteFunc(sources(t), func(s source) bool { return s.room == "units" })
	checkOwn(t, files, ownFigures, decidesOnDigits, "it decides on the digits of a figure: leave that to units",
		"does not decide on digits any more")
}

// decidesOnDigits reports whether a piece of code formats a number with so many digits, or rounds a duration as an
// argument of a function that formats.
func decidesOnDigits(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BasicLit:
		return n.Kind == token.STRING && digitsVerb.MatchString(n.Value)
	case *ast.CallExpr:
		f, ok := n.Fun.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		formats := slices.Contains([]string{"Sprintf", "Fprintf", "Errorf", "Appendf", "Messagef"}, f.Sel.Name)
		return formats && slices.ContainsFunc(n.Args, roundsDuration) || f.Sel.Name == "String" && roundsDuration(f.X)
	}
	return false
}

// roundsDuration reports whether a piece of code is d.Round(time.Second) or the like.
func roundsDuration(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return false
	}
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || f.Sel.Name != "Round" && f.Sel.Name != "Truncate" {
		return false
	}
	unit, ok := call.Args[0].(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := unit.X.(*ast.Ident)
	return ok && x.Name == "time"
}
