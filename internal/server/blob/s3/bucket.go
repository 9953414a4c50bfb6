// Package s3 stores the audio of calls in a bucket of an object store that speaks S3's protocol, where several servers
// can read and delete it.
//
// An object has the name that package blob gives to a file, behind the bucket's prefix and the name of the database, so
// that two databases can share a bucket:
//
//	prefix/6f1f0c6f3b5e4a8c/2026-11-24/142059_11_1001_RS2NAJ6QXUKQXCGVVMSAZGOZPQ.m4a
//
// Every name is unique, so an upload that is repeated overwrites its own object and no other. An object is acknowledged
// by the object store before the database names it, and deleted after the database has forgotten it. So a failure
// leaves objects without a call, which [Bucket.Sweep] removes by age, but never a call without its object.
package s3

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/sony/gobreaker/v2"

	"rdiostress/internal/clock"
	"rdiostress/internal/rdio"
	"rdiostress/internal/server/blob"
	"rdiostress/internal/server/call"
)

const (
	putLimit    = 30 * time.Second // for one object
	answerLimit = 10 * time.Second // for a request without content
	dialLimit   = 5 * time.Second
	readLimit   = 30 * time.Second // without a byte of an object that is read
	attempts    = 3
)

// Options are the options of a Bucket.
type Options struct {
	Location Location
	Database string        // a name that no other database has
	Failures int           // failed requests in a row after which uploads are refused at once
	Delay    time.Duration // time until one request is tried then
	Log      *slog.Logger
}

// Bucket is where a store keeps long audio. It is safe for concurrent use. Create one with Open.
type Bucket struct {
	loc     Location
	folder  string // what the names of all objects begin with
	probe   string // name of the object that Probe makes
	client  minio.Core
	idle    func() // closes connections that nobody uses
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	delay   time.Duration
	log     *slog.Logger

	mu      sync.Mutex
	opened  int64  // how often the breaker has opened
	nextDay string // where the next sweep begins

	watcher sync.WaitGroup
	stop    context.CancelFunc // of watcher
}

// Open opens a bucket. It returns an [Error] if objects cannot be created and deleted there.
func Open(ctx context.Context, o Options) (*Bucket, error) {
	b := &Bucket{
		loc: o.Location, folder: o.Location.Prefix + o.Database + "/", delay: o.Delay, log: o.Log,
		probe: "probe/" + rand.Text(),
	}
	keys, err := findCredentials(o.Location)
	if err != nil {
		return nil, err
	}
	conns := transport()
	b.idle = conns.CloseIdleConnections
	lookup := minio.BucketLookupPath
	if o.Location.Hosted {
		lookup = minio.BucketLookupDNS
	}
	client, err := minio.New(o.Location.Endpoint, &minio.Options{
		Creds: keys, Secure: !o.Location.Plain, Region: regionOf(o.Location), BucketLookup: lookup,
		Transport: conns, MaxRetries: attempts,
	})
	if err != nil {
		return nil, b.explain(err)
	}
	b.client = minio.Core{Client: client}
	b.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout:       o.Delay,
		ReadyToTrip:   func(c gobreaker.Counts) bool { return int(c.ConsecutiveFailures) >= o.Failures },
		IsExcluded:    func(err error) bool { return errors.Is(err, errLeft) },
		OnStateChange: b.logChange,
	})
	err = b.Probe(ctx)
	if err == nil {
		_, err = b.days(ctx) // what a sweep needs
	}
	if err != nil {
		return nil, b.explain(err)
	}
	ctx, b.stop = context.WithCancel(context.WithoutCancel(ctx))
	b.watcher.Go(func() { b.watch(ctx) })
	return b, nil
}

// transport bounds how long a request may take to connect and to be answered.
func transport() *http.Transport {
	return &http.Transport{
		Proxy:       http.ProxyFromEnvironment,
		DialContext: (&net.Dialer{Timeout: dialLimit}).DialContext, TLSHandshakeTimeout: dialLimit,
		ResponseHeaderTimeout: answerLimit, ExpectContinueTimeout: dialLimit,
		MaxIdleConns: 64, MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute, DisableCompression: true,
	}
}

// Close ends what Open has started.
func (b *Bucket) Close() error {
	b.stop()
	b.watcher.Wait()
	b.idle()
	return nil
}

// Node names the bucket in the database, without the host: a bucket may move.
func (b *Bucket) Node() string { return b.loc.String() }

// Adopt stores the audio of a spool file and removes the file. It returns the name that Open and Remove take.
func (b *Bucket) Adopt(ctx context.Context, spooled string, c *rdio.Call) (name string, err error) {
	file, err := os.Open(spooled)
	if err != nil {
		return "", err
	}
	defer os.Remove(spooled) // what remains is swept at the next start
	defer file.Close()       // first: Windows removes no open file
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	name = blob.Name(spooled, c)
	err = b.try(ctx, putLimit, func(ctx context.Context) error {
		return b.put(ctx, name, file, info.Size(), c.AudioType)
	})
	if err != nil {
		return "", err
	}
	return name, nil
}

// put stores an object. An object store may refuse one because of what happens to another at that moment: versitygw
// does so while it removes a folder that has become empty. Then it is tried again.
func (b *Bucket) put(ctx context.Context, name string, from io.ReaderAt, size int64, contentType string) error {
	for pause := 10 * time.Millisecond; ; pause *= 2 {
		_, err := b.client.Client.PutObject(ctx, b.loc.Bucket, b.folder+name, io.NewSectionReader(from, 0, size), size,
			minio.PutObjectOptions{ContentType: contentType, SendContentMd5: true, DisableMultipart: true})
		var answer minio.ErrorResponse
		isConflict := errors.As(err, &answer) && answer.StatusCode == http.StatusConflict
		if !isConflict || pause > time.Second || clock.Sleep(ctx, pause) != nil {
			return err
		}
	}
}

// Remove removes audio, if it exists.
func (b *Bucket) Remove(ctx context.Context, name string) error {
	err := b.try(ctx, answerLimit, func(ctx context.Context) error {
		return missing(b.client.RemoveObject(ctx, b.loc.Bucket, b.folder+name, minio.RemoveObjectOptions{}))
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Probe checks whether audio can be stored, read and removed. Its object has content, since some object stores refuse
// an empty one, and the content must come back, since what answers may be no object store.
func (b *Bucket) Probe(ctx context.Context) error {
	err := b.try(ctx, answerLimit, func(ctx context.Context) error {
		text := strings.NewReader(b.probe)
		if err := b.put(ctx, b.probe, text, text.Size(), ""); err != nil {
			return err
		}
		return b.readProbe(ctx)
	})
	if err != nil {
		return err
	}
	return b.Remove(ctx, b.probe)
}

var errAltered = errors.New("what was stored does not come back")

// readProbe reads what Probe has stored.
func (b *Bucket) readProbe(ctx context.Context) error {
	body, _, _, err := b.client.GetObject(ctx, b.loc.Bucket, b.folder+b.probe, minio.GetObjectOptions{})
	if err != nil {
		return err
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, int64(len(b.probe))+1))
	if err == nil && string(text) != b.probe {
		err = errAltered
	}
	return err
}

// errLeft is the result of a request whose caller has left, which proves nothing.
var errLeft = errors.New("the caller has left")

// try makes a request, unless the object store is known to be away. An error that may pass is a call.UnavailableError.
func (b *Bucket) try(ctx context.Context, limit time.Duration, request func(context.Context) error) error {
	done, err := b.breaker.Allow()
	if err != nil {
		return b.unavailable(err)
	}
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err = request(bounded)
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist):
		done(nil)
		return err
	case ctx.Err() != nil:
		done(errLeft)
		return err
	}
	done(err)
	return b.unavailable(b.explain(err))
}

// unavailable makes the error of a bucket that is away. That the breaker has opened is in the log already.
func (b *Bucket) unavailable(err error) error {
	return &call.UnavailableError{
		RetryAfter: max(b.delay, time.Second), Readable: true, Err: fmt.Errorf("%w: %w", call.ErrAudioAway, err),
		Logged: errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests),
	}
}

// Ready returns an error while the object store is known to be away.
func (b *Bucket) Ready() error {
	if b.breaker.State() != gobreaker.StateClosed {
		return b.unavailable(gobreaker.ErrOpenState)
	}
	return nil
}

// Stats returns the state of the breaker.
func (b *Bucket) Stats() call.BreakerStats {
	s := call.BreakerStats{State: call.BreakerClosed, Failures: int(b.breaker.Counts().ConsecutiveFailures)}
	switch b.breaker.State() {
	case gobreaker.StateOpen:
		s.State = call.BreakerOpen
	case gobreaker.StateHalfOpen:
		s.State = call.BreakerHalfOpen
	}
	b.mu.Lock() // not before: logChange takes it while the breaker is locked
	defer b.mu.Unlock()
	s.Opened = b.opened
	return s
}

func (b *Bucket) logChange(_ string, from, to gobreaker.State) {
	if to == gobreaker.StateOpen {
		b.mu.Lock()
		b.opened++
		b.mu.Unlock()
	}
	switch {
	case from == gobreaker.StateClosed:
		b.log.Error("the object store is away: long audio is refused until it is back", "bucket", b.Node())
	case to == gobreaker.StateClosed:
		b.log.Info("the object store is back; long audio is accepted", "bucket", b.Node())
	}
}

// watch probes while the object store is away, so that it is found again although no call arrives.
func (b *Bucket) watch(ctx context.Context) {
	for clock.Sleep(ctx, b.delay) == nil {
		if b.breaker.State() == gobreaker.StateHalfOpen {
			_ = b.Probe(ctx) // the breaker records the result
		}
	}
}

// regionOf returns the region that is asked for; without one, the object store is asked.
func regionOf(loc Location) string {
	return cmp.Or(loc.Region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"))
}

// findCredentials looks for credentials where other programs do, too.
func findCredentials(loc Location) (*credentials.Credentials, error) {
	file := &credentials.FileAWSCredentials{Profile: loc.Profile}
	places := []credentials.Provider{
		&credentials.EnvAWS{}, &credentials.EnvMinio{}, file, &credentials.FileMinioClient{},
	}
	if loc.Profile != "" {
		places = []credentials.Provider{file}
	}
	if loc.Profile == "" && (loc.Hosted || hasIdentity()) {
		places = append(places, &credentials.IAM{Client: &http.Client{Transport: transport(), Timeout: answerLimit}})
	}
	keys := credentials.NewChainCredentials(places)
	value, err := keys.GetWithContext(&credentials.CredContext{Client: &http.Client{Transport: transport()}})
	if err != nil || value.AccessKeyID == "" || value.SecretAccessKey == "" {
		return nil, &Error{
			Where: loc.String(), Problem: "no credentials were found",
			Hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them to ~/.aws/credentials",
		}
	}
	return keys, nil
}

// hasIdentity reports whether the environment names a service that gives credentials to this machine.
func hasIdentity() bool {
	for _, name := range []string{
		"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	} {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}
