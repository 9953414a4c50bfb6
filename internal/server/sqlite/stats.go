package sqlite

import (
	"context"

	"rdiostress/internal/server"
)

// Usage is part of server.Store.
func (s *Store) Usage(ctx context.Context) (u server.Usage, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT count(*), coalesce(sum(audio_bytes), 0) FROM calls").Scan(&u.Calls, &u.AudioBytes)
	return u, err
}

// Stats is part of server.Store.
func (s *Store) Stats() server.StoreStats {
	pool := s.read.Stats()
	return server.StoreStats{
		Queued: int(s.waiting.Load()), QueueLimit: int(s.limit),
		Pool: server.PoolStats{
			InUse: pool.InUse, Idle: pool.Idle, Max: pool.MaxOpenConnections, Waits: pool.WaitCount, Waited: pool.WaitDuration,
		},
		Breaker: server.BreakerStats{State: server.BreakerClosed},
	}
}
