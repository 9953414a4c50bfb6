package upload

import "context"

// roundRobin is an Uploader that uses several others in turn, as when more receivers are connected than send at the
// same time.
type roundRobin struct {
	uploaders []Uploader
	next      int
}

func (u *roundRobin) Upload(ctx context.Context, r *Request) Attempt {
	one := u.uploaders[u.next]
	u.next = (u.next + 1) % len(u.uploaders)
	return one.Upload(ctx, r)
}

func (u *roundRobin) Close() {
	for _, one := range u.uploaders {
		one.Close()
	}
}

// pool is an Uploader that borrows one of a fixed number of others, and waits until one is free.
type pool struct{ free chan Uploader }

func (u pool) Upload(ctx context.Context, r *Request) Attempt {
	one := <-u.free
	defer func() { u.free <- one }()
	return one.Upload(ctx, r)
}

// Close closes the uploaders that are left. Each slot calls it, after all uploads.
func (u pool) Close() {
	for {
		select {
		case one := <-u.free:
			one.Close()
		default:
			return
		}
	}
}

// Pool returns a function that makes the uploaders of a run whose number of connections differs from its number of
// slots, or nil if they are the same. With more connections, each slot uses its share of them in turn, and further
// uploaders, which send failed calls again, have one each. With fewer, all uploaders wait for a free one.
func Pool(t Target, slots, connections int) func() Uploader {
	switch {
	case connections == 0 || connections == slots:
		return nil
	case connections > slots:
		next := 0
		return func() Uploader {
			share := connections / slots
			switch {
			case next >= slots:
				share = 1
			case next < connections%slots:
				share++
			}
			next++
			turns := &roundRobin{}
			for range share {
				turns.uploaders = append(turns.uploaders, t.Uploader())
			}
			return turns
		}
	default:
		free := make(chan Uploader, connections)
		for range connections {
			free <- t.Uploader()
		}
		return func() Uploader { return pool{free} }
	}
}
