// Package location finds the recorded calls that a user means.
package location

import (
	"context"
	"fmt"

	"rdiostress/internal/replay"
	"rdiostress/internal/replay/folder"
	"rdiostress/internal/replay/sdrtrunk"
	"rdiostress/internal/replay/trunkrecorder"
)

// Open opens the recordings at a place, which is a folder. The error says why there is nothing to replay.
func Open(ctx context.Context, place string) (*replay.Archive, error) {
	archive, err := replay.Open(ctx, folder.New(place, trunkrecorder.Format{}, sdrtrunk.Format{}))
	if empty, ok := err.(*replay.EmptyError); ok {
		if len(empty.Skipped) == 0 {
			return nil, fmt.Errorf("%s holds no recorded calls: neither audio with a .json sidecar, as "+
				"trunk-recorder writes, nor SDRTrunk's recordings", place)
		}
		return nil, fmt.Errorf("%s: %w", place, err)
	}
	return archive, err
}
