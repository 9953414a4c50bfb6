package load

import "context"

// inTurn is an Uploader that goes around several, as when more receivers are connected than send at once.
type inTurn struct {
	uploaders []Uploader
	next      int
}

func (u *inTurn) Upload(ctx context.Context, s *Slip) Attempt {
	one := u.uploaders[u.next]
	u.next = (u.next + 1) % len(u.uploaders)
	return one.Upload(ctx, s)
}

func (u *inTurn) Close() {
	for _, one := range u.uploaders {
		one.Close()
	}
}

// shared is an Uploader that borrows one of fewer than there are slots, and waits until one is free.
type shared struct{ free chan Uploader }

func (u shared) Upload(ctx context.Context, s *Slip) Attempt {
	one := <-u.free
	defer func() { u.free <- one }()
	return one.Upload(ctx, s)
}

// Close closes those that are left: every slot calls it, when none uploads any more.
func (u shared) Close() {
	for {
		select {
		case one := <-u.free:
			one.Close()
		default:
			return
		}
	}
}
