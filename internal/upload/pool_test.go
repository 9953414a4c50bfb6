package upload

import (
	"context"
	"testing"
)

// counter is a target whose uploaders count their uploads.
type counter struct{ uploaders []*counted }

type counted struct {
	uploads int
	closed  bool
}

func (c *counter) Uploader() Uploader {
	u := &counted{}
	c.uploaders = append(c.uploaders, u)
	return u
}

func (c *counter) Close() {}

func (u *counted) Upload(context.Context, *Request) Attempt {
	u.uploads++
	return Attempt{}
}

func (u *counted) Close() { u.closed = true }

// Slots share fewer connections, and take turns with more.
func TestPool(t *testing.T) {
	for _, tt := range []struct{ slots, connections, opened, most int }{
		{4, 4, 0, 0}, {4, 0, 0, 0}, {4, 2, 2, 12}, {4, 8, 8, 3}, {4, 6, 6, 6},
	} {
		c := &counter{}
		open := Pool(c, tt.slots, tt.connections)
		if open == nil {
			if tt.opened > 0 {
				t.Errorf("%+v: no pool", tt)
			}
			continue
		}
		var slots []Uploader
		for range tt.slots {
			slots = append(slots, open())
		}
		for range 6 {
			for _, s := range slots {
				s.Upload(t.Context(), &Request{})
			}
		}
		most := 0
		for _, s := range slots {
			s.Close()
		}
		for _, u := range c.uploaders {
			most = max(most, u.uploads)
			if !u.closed {
				t.Errorf("%+v: a connection stays open", tt)
			}
		}
		if len(c.uploaders) != tt.opened || most > 6*tt.slots {
			t.Errorf("%+v: %d connections, one with %d uploads", tt, len(c.uploaders), most)
		}
	}
}
