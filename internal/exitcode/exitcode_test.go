package exitcode

import (
	"fmt"
	"strings"
	"testing"
)

// Every exit code is described in the help, once.
func TestHelp(t *testing.T) {
	for _, code := range []int{OK, Missed, Usage, NoRun, DataLoss, Inconclusive, Interrupted} {
		for _, help := range []string{Help, SearchHelp} {
			if n := strings.Count(help, fmt.Sprintf("\n  %-5d", code)); n != 1 {
				t.Errorf("the help describes exit code %d %d times", code, n)
			}
		}
	}
}
