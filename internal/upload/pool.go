package upload

import "context"

// inTurn is an Uploader that goes around several, as when more receivers are connected than send at once.
type roundRobin struct {
	uploaders []Uploader
	next      int
}

func (u *roundRobin) Upload(ctx context.Context, s *Request) Attempt {
	one := u.uploaders[u.next]
	u.next = (u.next + 1) % len(u.uploaders)
	return one.Upload(ctx, s)
}

func (u *roundRobin) Close() {
	for _, one := range u.uploaders {
		one.Close()
	}
}

// shared is an Uploader that borrows one of fewer than there are slots, and waits until one is free.
type pool struct{ free chan Uploader }

func (u pool) Upload(ctx context.Context, s *Request) Attempt {
	one := <-u.free
	defer func() { u.free <- one }()
	return one.Upload(ctx, s)
}

// Close closes those that are left: every slot calls it, when none uploads any more.
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

// Spread returns what makes the uploaders of a run that has another number of connections than of slots; nil if it has
// not. With more connections, each slot uses its share of them in turn, and uploaders beyond the slots, of repeats,
// have one each; with fewer, all wait for one to be free.
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
