package redistest_test

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"

	"rdiostress/internal/testenv/redistest"
)

// A server that was killed comes back under its address, empty.
func TestServerComesBack(t *testing.T) {
	s := redistest.Start(t)
	client := redis.NewClient(&redis.Options{Addr: s.Addr()})
	defer client.Close()
	if err := client.Set(t.Context(), "a", "b", 0).Err(); err != nil {
		t.Fatal(err)
	}
	s.Kill(t)
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Error("a killed server answers")
	}
	s.Restart(t)
	ctx := context.WithoutCancel(t.Context())
	if got, err := client.Exists(ctx, "a").Result(); got != 0 || err != nil {
		t.Errorf("after the restart: %d keys, %v", got, err)
	}
}
