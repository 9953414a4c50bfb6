package markdown_test

import (
	"io"
	"path/filepath"
	"testing"

	"rdiostress/internal/report/markdown"
	"rdiostress/internal/report/reporttest"
)

func TestComparisonGolden(t *testing.T) {
	for name, doc := range reporttest.Compared() {
		text := reporttest.Text(t, func(w io.Writer) error {
			return markdown.WriteComparison(w, doc, markdown.Options{})
		})
		reporttest.Golden(t, filepath.Join("testdata", "compare-"+name+".golden"), *update, text)
		checkShape(t, name, text)
	}
}
