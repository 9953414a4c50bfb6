package cli

import (
	"testing"

	"rdiostress/internal/testenv/pgtest"
	"rdiostress/internal/testenv/redistest"
)

// A Redis that is reached but does not answer holds up no upload for long, and limits hold again once it does.
func TestRedisFrozenInMidLoad(t *testing.T) {
	redis := redistest.Start(t)
	servers := startReplicas(t, 2, pgtest.Open(t).Database(t), "--redis-url", redis.URL(), "--rate-limit", "1000000/s")
	load := startReplicaLoad(t, servers)
	awaitMore(t, "uploads are accepted", &load.accepted)
	redis.Freeze(t)
	t.Cleanup(func() { redis.Thaw(t) })
	for _, s := range servers {
		waitUntil(t, "the alert is raised", func() bool { _, raised := s.limitsUnknown(t); return raised })
	}
	awaitMore(t, "uploads go on", &load.accepted)
	redis.Thaw(t)
	for _, s := range servers {
		waitUntil(t, "limits are known again", func() bool { unknown, _ := s.limitsUnknown(t); return !unknown })
	}
	load.end()
	if refused, slow := load.unavailable.Load(), load.slow.Load(); refused > 0 || slow > 0 {
		t.Errorf("%d uploads were refused, %d have waited long", refused, slow)
	}
	if got := servers[0].total(t); got != int(load.accepted.Load()) {
		t.Errorf("%d calls are stored, %d were acknowledged", got, load.accepted.Load())
	}
}
