package upload

import "context"

// Several is the endpoint of several servers together. Each request says which of them it is for.
type Several []Target

// Uploader implements Target. The uploader has an uploader for each server.
func (t Several) Uploader() Uploader {
	all := make(severalUploader, len(t))
	for i, one := range t {
		all[i] = one.Uploader()
	}
	return all
}

// Close implements Target.
func (t Several) Close() {
	for _, one := range t {
		one.Close()
	}
}

// HeldConnections returns how many connections the servers' clients kept open together, if those are counted. The
// targets count them in one place.
func (t Several) HeldConnections() int {
	if one, ok := t[0].(interface{ HeldConnections() int }); ok {
		return one.HeldConnections()
	}
	return 0
}

// severalUploader has an uploader for each server.
type severalUploader []Uploader

// Upload implements Uploader.
func (u severalUploader) Upload(ctx context.Context, r *Request) Attempt {
	return u[r.Server].Upload(ctx, r)
}

// Close implements Uploader.
func (u severalUploader) Close() {
	for _, one := range u {
		one.Close()
	}
}
