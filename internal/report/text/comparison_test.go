package text

import (
	"path/filepath"
	"strings"
	"testing"

	"rdiostress/internal/report/reporttest"
)

func TestWriteComparisonGolden(t *testing.T) {
	for name, doc := range reporttest.Compared() {
		for _, width := range []int{80, 110} {
			var got strings.Builder
			if err := WriteComparison(&got, doc, Options{Width: width}); err != nil {
				t.Fatal(err)
			}
			if width == 80 || name == "worse" {
				file := "compare-" + name + map[int]string{80: "", 110: "-wide"}[width] + ".golden"
				reporttest.Golden(t, filepath.Join("testdata", file), *update, got.String())
			}
			checkFits(t, got.String(), width)
			var ascii strings.Builder
			if err := WriteComparison(&ascii, doc, Options{Width: width, ASCII: true}); err != nil {
				t.Fatal(err)
			}
			for _, r := range ascii.String() {
				if r > 126 {
					t.Errorf("%s: %q in ASCII", name, r)
				}
			}
		}
	}
}
