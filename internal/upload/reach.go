package upload

import (
	"context"
	"time"

	"rdiostress/internal/address"
	"rdiostress/internal/field"
	"rdiostress/internal/measure"
)

// TargetError says why a run against the target is not possible, and what to do about it.
type TargetError struct {
	Problem field.Message
	Hint    field.Message
}

func (e *TargetError) Error() string { return e.Problem.String() }

// Reach checks that a connection to the target can be opened. The error is a *TargetError.
func (t *HTTPTarget) Reach(ctx context.Context) error { return t.reach(ctx) }

// CheckTLS opens a connection and reads what the server says on its own, for a second at most. The error is nil unless
// TLS has failed.
func (t *HTTPTarget) CheckTLS(ctx context.Context) error {
	if t.url.Scheme != "https" {
		return nil
	}
	conn, err := t.connect.Open(ctx, t.url)
	if err == nil {
		defer conn.Close()
		conn.SetReadDeadline(time.Now().Add(time.Second))
		_, err = conn.Read(make([]byte, 1))
	}
	if err != nil && isTLS(err) {
		return err
	}
	return nil
}

// reach resolves the host and opens a connection, so that these two failures are told apart from later ones.
func (t *HTTPTarget) reach(ctx context.Context) error {
	host, at := t.url.Hostname(), address.HostPort(t.url)
	ctx, cancel := context.WithTimeout(ctx, DefaultConnectTimeout)
	defer cancel()
	conn, err := (&ConnectOptions{Resolve: t.connect.Resolve}).dial(ctx, "tcp", at)
	if err == nil {
		return conn.Close()
	}
	switch Classify(err, false) {
	case measure.DNS:
		return &TargetError{field.Messagef("cannot resolve the host name %q", host), "check the spelling in {url}"}
	case measure.Refused:
		if !IsRefused(err) {
			return &TargetError{
				field.Messagef("cannot reach %s: %s", at, Describe(err)),
				"check the host in {url}, and this machine's network",
			}
		}
		return &TargetError{
			field.Messagef("nothing listens on %s", at),
			"start the server, check host and port in {url}, or try the bundled one with {with_server}",
		}
	case measure.ConnectTimeout:
		return &TargetError{
			field.Messagef("no connection to %s within %v", at, DefaultConnectTimeout),
			"check host and port in {url}, and any firewall between",
		}
	default:
		return &TargetError{
			field.Messagef("cannot connect to %s: %s", at, Describe(err)),
			"check host and port in {url}",
		}
	}
}
