package text

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("differs from %s (-want +got):\n%s", golden, diff)
			}
			checkFits(t, got.String(), 100)
		})
	}
}
