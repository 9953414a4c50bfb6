package s3

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/minio/minio-go/v7"
)

// Open opens audio. Nothing is transferred before it is read, and then only from where it is read. It can be read until
// ctx ends.
func (b *Bucket) Open(ctx context.Context, name string) (io.ReadSeekCloser, error) {
	var info minio.ObjectInfo
	err := b.try(ctx, answerLimit, func(ctx context.Context) (err error) {
		info, err = b.client.StatObject(ctx, b.loc.Bucket, b.folder+name, minio.StatObjectOptions{})
		return missing(err)
	})
	if err != nil {
		return nil, err
	}
	o := &object{bucket: b, key: b.folder + name, etag: info.ETag, size: info.Size}
	o.ctx, o.cancel = context.WithCancel(ctx)
	return o, nil
}

// object is the audio of a call that is being read.
type object struct {
	bucket   *Bucket
	ctx      context.Context // of all requests, as in http.Request
	cancel   context.CancelFunc
	key      string
	etag     string
	size, at int64
	body     io.ReadCloser // nil until it is read; its next byte is the one at at
}

// Read implements io.Reader.
func (o *object) Read(p []byte) (int, error) {
	if o.at >= o.size {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	timer := time.AfterFunc(readLimit, o.cancel)
	defer timer.Stop()
	if o.body == nil {
		if err := o.open(); err != nil {
			return 0, err
		}
	}
	n, err := o.body.Read(p)
	o.at += int64(n)
	switch {
	case errors.Is(err, io.EOF) && o.at < o.size:
		err = io.ErrUnexpectedEOF
	case o.at >= o.size:
		err = nil // the next Read returns io.EOF
	}
	return n, err
}

// open requests the object from at to its end.
func (o *object) open() error {
	var options minio.GetObjectOptions
	if err := options.SetMatchETag(o.etag); err != nil {
		return err
	}
	if o.at > 0 {
		if err := options.SetRange(o.at, 0); err != nil {
			return err
		}
	}
	body, _, _, err := o.bucket.client.GetObject(o.ctx, o.bucket.loc.Bucket, o.key, options)
	if err != nil {
		return o.bucket.explain(err)
	}
	o.body = body
	return nil
}

var errSeek = errors.New("seeking before the start")

// Seek implements io.Seeker.
func (o *object) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += o.at
	case io.SeekEnd:
		offset += o.size
	}
	if offset < 0 {
		return 0, errSeek
	}
	if offset != o.at && o.body != nil {
		_ = o.body.Close() // the rest is not wanted
		o.body = nil
	}
	o.at = offset
	return offset, nil
}

// Close implements io.Closer.
func (o *object) Close() error {
	o.cancel()
	if o.body != nil {
		return o.body.Close()
	}
	return nil
}
