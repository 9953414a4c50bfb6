package late

import (
	"context"
	"errors"
	"time"

	"rdiostress/internal/server/call"
)

// ClaimJobs implements call.Jobs. It returns no jobs before the real store is open.
func (s *Store) ClaimJobs(ctx context.Context, n, suspects int, lease time.Duration) (jobs []call.Job, err error) {
	err = s.withReal(func(inner Real) error {
		jobs, err = inner.ClaimJobs(ctx, n, suspects, lease)
		return err
	})
	if errors.Is(err, call.ErrNoSpace) {
		err = nil
	}
	return jobs, err
}

// ExtendJobs implements call.Jobs.
func (s *Store) ExtendJobs(ctx context.Context, jobs []call.Job, lease time.Duration) error {
	return s.withReal(func(inner Real) error { return inner.ExtendJobs(ctx, jobs, lease) })
}

// FinishJobs implements call.Jobs.
func (s *Store) FinishJobs(ctx context.Context, results []call.JobResult) (effects []call.JobEffect, err error) {
	err = s.withReal(func(inner Real) error {
		effects, err = inner.FinishJobs(ctx, results)
		return err
	})
	return effects, err
}

// JobStats implements call.Jobs.
func (s *Store) JobStats(ctx context.Context) (stats call.JobStats, err error) {
	err = s.withReal(func(inner Real) error {
		stats, err = inner.JobStats(ctx)
		return err
	})
	return stats, err
}

// JobsAdded implements call.Jobs. It returns nil before the real store is open.
func (s *Store) JobsAdded() (added <-chan struct{}) {
	_ = s.withReal(func(inner Real) error {
		added = inner.JobsAdded()
		return nil
	})
	return added
}
