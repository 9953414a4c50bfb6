package upload

import (
	"testing"
	"testing/synctest"
	"time"
)

// A connection is closed when its time is over, or with all others, and not twice.
func TestHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var h Held
		conns := make([]*closing, 4)
		for i := range 3 {
			conns[i] = &closing{began: began}
			h.Keep(conns[i], 30*time.Second)
			time.Sleep(10 * time.Second)
		}
		synctest.Wait()
		if conns[0].after != 30*time.Second || conns[1].after != 0 {
			t.Errorf("closed after %v and %v", conns[0].after, conns[1].after)
		}
		if h.Most() != 3 {
			t.Errorf("%d were open at most", h.Most())
		}
		h.Close()
		conns[3] = &closing{began: began}
		h.Keep(conns[3], time.Hour)
		time.Sleep(time.Hour)
		synctest.Wait()
		for i, c := range conns {
			if c.times != 1 || c.after > 30*time.Second {
				t.Errorf("connection %d was closed %d times, after %v", i, c.times, c.after)
			}
		}
	})
}

// closing is a connection that notes when it is closed.
type closing struct {
	began time.Time
	after time.Duration
	times int
}

func (c *closing) Close() error {
	c.after = time.Since(c.began)
	c.times++
	return nil
}
