package load

import (
	"strings"
	"testing"
	"time"

	"rdiostress/internal/testenv"
)

// A generator that may use a fiftieth of a processor says that it is short, though the quota is that of a group above
// its own.
func TestGeneratorUnderQuota(t *testing.T) {
	move := testenv.ProcessorGroup(t, 0.02)
	g := startGenerator(t, 0, time.Millisecond)
	move(g.Process.Pid)
	_ = g.begin.Close()
	res := g.result(t).Generator
	if res.QuotaProcessors == nil || *res.QuotaProcessors != 0.02 {
		t.Fatalf("quota %v, absent: %q", res.QuotaProcessors, res.Absent)
	}
	if *res.ThrottledShare < 0.5 || *res.ThrottledS < 1 || res.RunDelayS != nil && *res.RunDelayS < 1 {
		t.Errorf("held back in %v of the run, for %v s", *res.ThrottledShare, *res.ThrottledS)
	}
	if !res.Limited || !strings.Contains(strings.Join(res.Reasons, "; "), "a quota of 0.02 processors held it back") {
		t.Errorf("limited: %v, %q", res.Limited, res.Reasons)
	}
}
