package wire

import (
	"context"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/upload"
)

// uploader is an Uploader with a connection of its own.
type uploader struct {
	target *Target
	link   link // nil without a connection
	req    transfer
	reply  replyReader
	idle   time.Duration // since when the link is idle
	form   draft         // the request without its audio; reused
}

const (
	// idleCheck is how long a connection must have been idle before it is probed. To probe one that is used again at
	// once is not worth a system call: servers close connections that nobody uses.
	idleCheck = time.Millisecond

	// timeoutSlack is the part of the timeout by which it may be late.
	timeoutSlack = 100
)

func (u *uploader) Close() { u.drop() }

func (u *uploader) drop() {
	if u.link != nil {
		u.link.Close()
		u.link = nil
	}
}

// Upload sends a call. Only opening a connection heeds ctx: an upload under way ends within the timeout.
func (u *uploader) Upload(ctx context.Context, r *upload.Request) upload.Attempt {
	t := u.target
	t.encode(&u.form, r, &u.req)
	if !t.once(r.Client) {
		return u.upload(ctx, r.Client)
	}
	kept, idle, keep := u.link, u.idle, u.reply.keep // for other clients, whose connection stays open
	u.link = nil
	a := u.upload(ctx, r.Client)
	u.link, u.idle, u.reply.keep = kept, idle, keep
	return a
}

// upload sends the request of a client.
func (u *uploader) upload(ctx context.Context, c rdio.Client) upload.Attempt {
	t := u.target
	a := upload.Attempt{Steps: measure.NoSteps()}
	now := t.clock()
	by := now + t.timeout
	if u.link != nil && u.mustReconnect(now) {
		u.drop()
		a.Reconnected = true
	}
	u.reply.reset(c.Reads())
	n, err := u.send(ctx, now, by, &a)
	if u.link == nil {
		return a
	}
	a.Bytes, a.Size = u.req.body(), u.req.bodySize()
	whole := u.req.sent == u.req.size
	if whole {
		a.Steps[measure.Send] = u.req.wrote - u.req.began
	}
	if err == nil {
		first := t.clock()
		if whole {
			a.Steps[measure.Wait] = max(0, first-u.req.wrote)
		}
		var more bool
		if more, err = u.reply.read(u.link, n); err == nil {
			u.idle = first
			if more {
				u.idle = t.clock()
			}
			a.Steps[measure.Read] = u.idle - first
		}
	}
	t.judge(&a, c, &u.reply, whole, err)
	broken := err != nil || !whole || u.reply.closes
	if hold := c.Habits().Hold; !broken && t.forget && hold > 0 {
		t.held.Keep(u.link, hold)
		u.link = nil
	} else if broken || t.once(c) {
		u.drop()
	}
	return a
}

// mustReconnect reports whether a kept connection is of no more use.
func (u *uploader) mustReconnect(now time.Duration) bool {
	idle := now - u.idle
	return u.reply.keep > 0 && idle >= u.reply.keep || idle > idleCheck && u.link.stale()
}

// send sends the request and reads the first bytes of the reply, over a new connection if there is none. If there is
// none afterwards, it could not be opened, and a says why.
//
// The server may close a kept connection at the same moment. The call is sent again only if nothing of it was sent: a
// POST that may have been received must not be repeated (RFC 9110, 9.2.2). A reply to nothing is ignored.
func (u *uploader) send(ctx context.Context, now, by time.Duration, a *upload.Attempt) (int, error) {
	for {
		kept := u.link != nil
		if !kept {
			again := a.Reconnected
			u.link, *a = u.target.open(ctx, by)
			if a.Reconnected = again; u.link == nil {
				return 0, nil
			}
			now = u.target.clock()
		}
		u.link.expire(by, u.target.timeout/timeoutSlack)
		u.req.began = now
		n, err := u.link.exchange(&u.req, u.reply.buf[:])
		if kept && u.req.sent == 0 && (err == nil || upload.IsReset(err)) {
			u.drop()
			a.Reconnected = true
			continue
		}
		if u.req.sent > 0 {
			a.Sent = u.target.start.Add(now)
		}
		return n, err
	}
}
