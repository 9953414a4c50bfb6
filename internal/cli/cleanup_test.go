package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rdiostress/internal/capacity"
	"rdiostress/internal/report"
)

// The report of a search names the runs of all steps; one of an older version cannot.
func TestCleanupReadsSearches(t *testing.T) {
	folder := t.TempDir()
	read := func(text string) ([]string, error) {
		file := filepath.Join(folder, "search.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		o := &cleanupOptions{print: true, where: "sqlite:" + filepath.Join(folder, "a.db"), report: file}
		err := o.complete()
		return o.runs, err
	}
	const head = `{"schema": "rdiostress.capacity/v1", "run": {"id": "abcdefg2"`
	runs, err := read(head + `, "run_ids": ["abcdefg2", "bcdefgh3"]}}`)
	if err != nil || !slices.Equal(runs, []string{"abcdefg2", "bcdefgh3"}) {
		t.Errorf("%q, %v", runs, err)
	}
	if _, err = read(head + `}}`); err == nil || !strings.Contains(err.Error(), "an older version wrote it") {
		t.Errorf("without the runs of the steps: %v", err)
	}
}

func TestSearchLeftText(t *testing.T) {
	out := capacity.Outcome{
		Capacity:  report.Capacity{Run: report.CapacityRun{RunIDs: []string{"abcdefg2", "bcdefgh3"}}},
		CallsLeft: 1200,
	}
	for file, want := range map[string]string{
		"c.json": "1,200 calls of this search are left on the server; rdiostress cleanup --print --report c.json " +
			"--verify DATABASE prints the SQL that removes them",
		"": "1,200 calls of this search are left on the server; rdiostress cleanup --print --run abcdefg2,bcdefgh3 " +
			"--verify DATABASE prints the SQL that removes them",
	} {
		if got := searchLeftText(&out, file); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	out.CallsLeftAtMost = true
	if got := searchLeftText(&out, "-"); !strings.HasPrefix(got, "up to 1,200 calls of this search are left") {
		t.Errorf("%q", got)
	}
	if got := searchLeftText(&capacity.Outcome{}, ""); got != "" {
		t.Errorf("%q without calls", got)
	}
}
