package text

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
)

func TestWriteCapacityGolden(t *testing.T) {
	all := reporttest.Unfound()
	all["capacity"] = reporttest.Searched()
	for name, rep := range all {
		t.Run(name, func(t *testing.T) {
			var got strings.Builder
			if err := WriteCapacity(&got, rep, Options{Width: 100, Names: reporttest.Flags}); err != nil {
				t.Fatal(err)
			}
			reporttest.Golden(t, filepath.Join("testdata", name+".golden"), *update, got.String())
			checkFits(t, got.String(), 100)
		})
	}
}

// Objectives of a search that an older version saved are shown as those of this one are.
func TestWriteCapacityOfOlderVersion(t *testing.T) {
	old, err := os.Open("../testdata/versions/capacity-1.json")
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	doc, err := report.ReadDocument(old)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := WriteCapacity(&out, *doc.Search, Options{}); err != nil {
		t.Fatal(err)
	}
	if want := "success rate over 95 %, mean under 1 s, p95 under 3 s"; !strings.Contains(out.String(), want) {
		t.Errorf("got:\n%s\nwant %q in it", out.String(), want)
	}
}
