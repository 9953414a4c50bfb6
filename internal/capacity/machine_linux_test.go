package capacity

import (
	"testing"

	"rdiostress/internal/scenario"
)

// A search says before its steps what its machine does not allow the largest of them.
func TestCheckMachine(t *testing.T) {
	var h heard
	s := unwatched(&h)
	s.Trial.Scenario = scenario.Scenario{URL: "http://localhost:8000", MaxConcurrent: 1 << 40}
	s.checkMachine()
	if len(h.list) != 1 || len(s.machine.warnings()) != 1 {
		t.Errorf("told %v, warnings %q", h.list, s.machine.warnings())
	}
}
