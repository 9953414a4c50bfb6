package report

import (
	"rdiostress/internal/measure"
)

// BreakingBatch is the batch at the breaking point; nil if there is none.
func BreakingBatch(g *measure.Guide) *measure.Batch {
	for i := range g.Batches {
		if g.BreakingPoint != nil && g.Batches[i].Concurrent == *g.BreakingPoint {
			return &g.Batches[i]
		}
	}
	return nil
}
