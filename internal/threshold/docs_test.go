package threshold

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The manual lists every figure as the table of figures has it.
func TestManualListsFigures(t *testing.T) {
	const file = "../../docs/thresholds.md"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const head = "| Figure | Unit | |\n| --- | --- | --- |\n"
	before, rows, ok := strings.Cut(string(data), head)
	if !ok {
		t.Fatal("the manual has no table of figures")
	}
	var b strings.Builder
	for _, f := range Figures() {
		doc := f.Doc
		if f.Whole() {
			doc += "; *whole*"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Name, f.Unit, strings.TrimSuffix(doc, "."))
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+head+b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if rows != b.String() {
		t.Errorf("the table of figures in %s is not that of the code; write it with -update", file)
	}
}
