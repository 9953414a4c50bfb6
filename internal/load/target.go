package load

import (
	"context"

	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/wire"
)

// NewTarget returns the scenario's endpoint, or those of its servers, on the cheapest implementation that has what the
// options ask for.
func NewTarget(s *scenario.Scenario, o upload.ConnectOptions) (upload.Target, error) {
	if len(s.MoreURLs) == 0 {
		return newTarget(s, o)
	}
	var all upload.Several
	var wires []*wire.Target
	for i := range s.URLs() {
		one := s.At(i)
		target, err := newTarget(&one, o)
		if err != nil {
			all.Close()
			return nil, err
		}
		all = append(all, target)
		switch t := target.(type) {
		case *wire.Target:
			wires = append(wires, t)
		case *followingTarget:
			wires = append(wires, t.Target)
		}
	}
	wire.Together(wires)
	return all, nil
}

// wireTargets returns the endpoints of all servers if each is reached by connections of our own; else nil.
func wireTargets(t upload.Target) (all []*wire.Target) {
	several, ok := t.(upload.Several)
	if !ok {
		several = upload.Several{t}
	}
	for _, one := range several {
		target, ok := one.(*wire.Target)
		if !ok {
			return nil
		}
		all = append(all, target)
	}
	return all
}

// newTarget returns the endpoint of one server.
func newTarget(s *scenario.Scenario, o upload.ConnectOptions) (upload.Target, error) {
	if o.HTTP2 {
		return upload.NewHTTPTarget(s, o)
	}
	target, err := wire.NewTarget(s, o)
	if err != nil || !o.RealClients {
		return target, err
	}
	elsewhere, err := upload.NewHTTPTarget(s, o)
	if err != nil {
		return nil, err
	}
	return &followingTarget{target, elsewhere}, nil
}

// followingTarget is an endpoint whose clients follow redirects where the real ones do.
type followingTarget struct {
	*wire.Target
	elsewhere *upload.HTTPTarget // for what is redirected
}

// Uploader implements upload.Target.
func (t *followingTarget) Uploader() upload.Uploader { return &follower{t.Target.Uploader(), t} }

// Close implements upload.Target.
func (t *followingTarget) Close() {
	t.Target.Close()
	t.elsewhere.Close()
}

// follower is an Uploader that follows redirects.
type follower struct {
	upload.Uploader
	target *followingTarget
}

// Upload implements upload.Uploader. What it returns is the answer of the last server, from the first byte that was
// sent to the first.
func (f *follower) Upload(ctx context.Context, r *upload.Request) upload.Attempt {
	first := f.Uploader.Upload(ctx, r)
	if !r.Client.Follows(first.Status) {
		return first
	}
	at := f.target.Endpoint(r.Client)
	to := at.Redirect(first.Location).URL
	if to == nil || !upload.StaysAt(at.URL, to) {
		return first
	}
	last := f.target.elsewhere.At(to).NewUploader().Upload(ctx, r)
	last.Sent, last.Redirects = first.Sent, last.Redirects+1
	last.Bytes += first.Bytes
	last.NewConn, last.Reconnected = first.NewConn || last.NewConn, first.Reconnected
	return last
}
