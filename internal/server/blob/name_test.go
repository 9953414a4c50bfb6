package blob_test

import (
	"strings"
	"testing"

	"rdiostress/internal/server/blob"
)

func TestIsSpoolFile(t *testing.T) {
	for name, want := range map[string]bool{strings.Repeat("A", 26) + ".spool": true, "mail.spool": false, strings.Repeat("A", 26): false} {
		if got := blob.IsSpoolFile(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
