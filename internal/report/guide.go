package report

import (
	"rdiostress/internal/measure"
)

// BreakingBatch returns the batch at the breaking point, or nil if none broke.
func BreakingBatch(g *measure.Guide) *measure.Batch {
	for i := range g.Batches {
		if g.BreakingPoint != nil && g.Batches[i].Concurrent == *g.BreakingPoint {
			return &g.Batches[i]
		}
	}
	return nil
}
