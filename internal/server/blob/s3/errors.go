package s3

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/url"

	"github.com/minio/minio-go/v7"

	"rdiostress/internal/field"
	"rdiostress/internal/plain"
)

// Error says in words why a bucket cannot be used, and what to do. It has no text of the object store except for the
// short name that it gives to an error, and no credentials.
type Error struct {
	Where   string // the bucket
	Problem string
	Hint    field.Message
	Err     error // may be nil
}

func (e *Error) Error() string { return e.Where + ": " + e.Problem }
func (e *Error) Unwrap() error { return e.Err }

// explain wraps an error of the object store.
func (b *Bucket) explain(err error) error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	e := &Error{Where: b.loc.String(), Err: err}
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) {
		e.Problem = "the object store at " + b.loc.Endpoint + " cannot be reached: " + reason(err)
		e.Hint = "is it running there? Pass the endpoint in {blob-url}"
		return e
	}
	switch answer.Code {
	case minio.NoSuchKey: // to what names no object that must exist
		return b.noStore()
	case minio.NoSuchBucket:
		e.Problem, e.Hint = "the bucket does not exist", "create it, or pass another {blob-url}"
	case "AccessDenied", "AllAccessDisabled":
		e.Problem = "access is denied"
		e.Hint = "allow these credentials to get, put, delete and list objects in the bucket"
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken":
		e.Problem = "the object store does not accept the credentials (" + answer.Code + ")"
		e.Hint = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the credentials file"
	case "RequestTimeTooSkewed":
		e.Problem = "the clocks of this machine and of the object store differ too much"
		e.Hint = "set both clocks by NTP"
	default:
		e.Problem = "the object store answered " + plain.Line(answer.Code, '?')
		e.Hint = "the log of the object store may say more"
	}
	return e
}

// noStore is the error of what answers but does not store.
func (b *Bucket) noStore() *Error {
	return &Error{
		Where: b.loc.String(), Problem: "what answers at " + b.loc.Endpoint + " does not store objects",
		Hint: "check the endpoint in {blob-url}",
	}
}

// reason is the part of an error that does not repeat the request.
func reason(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return "no answer in time"
	}
	return plain.Line(err.Error(), ' ')
}

// missing returns fs.ErrNotExist for the answer that there is no such object, and other errors as they are. The answer to
// a HEAD has no code: the client makes up one from the status.
func missing(err error) error {
	var answer minio.ErrorResponse
	if errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound && answer.Code == minio.NoSuchKey {
		return fs.ErrNotExist
	}
	return err
}
