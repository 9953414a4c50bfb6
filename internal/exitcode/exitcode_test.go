package exitcode

import (
	"fmt"
	"strings"
	"testing"

	"rdiostress/internal/field"
)

// Every exit code is described in the help, once.
func TestHelp(t *testing.T) {
	for _, code := range []int{OK, Missed, Usage, NoRun, DataLoss, Inconclusive, Interrupted} {
		for _, help := range []field.Message{Help, SearchHelp} {
			if n := strings.Count(help.String(), fmt.Sprintf("\n  %-5d", code)); n != 1 {
				t.Errorf("the help describes exit code %d %d times", code, n)
			}
		}
	}
}
