package s3

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"

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
	isAnswer := errors.As(err, &answer)
	isUnread := isAnswer && answer.StatusCode == 0 && answer.Code == minio.InternalError // the client's own
	switch {
	case isAnswer && !isUnread:
		e.Problem, e.Hint = b.meaning(&answer)
	case isUnread, errors.As(err, new(*xml.SyntaxError)), errors.Is(err, errAltered):
		e.Problem, e.Hint = b.noStore()
	default:
		e.Problem = "the object store at " + b.loc.Endpoint + " cannot be reached: " + reason(err)
		e.Hint = "is it running there? Its address is the endpoint in {blob_url}"
	}
	return e
}

// meaning says what an answer means, and what to do.
func (b *Bucket) meaning(answer *minio.ErrorResponse) (problem string, hint field.Message) {
	switch answer.Code {
	case minio.NoSuchKey: // to what names no object that must exist
		return b.noStore()
	case minio.NoSuchBucket:
		return "the bucket does not exist", "create it, or pass another {blob_url}"
	case minio.AccessDenied, "AllAccessDisabled":
		return "access is denied", "allow these credentials to get, put, delete and list objects in the bucket"
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "XAdminUserNotFound":
		return "the object store does not accept the credentials (" + answer.Code + ")",
			"check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the credentials file"
	case "AuthorizationHeaderMalformed":
		return "the object store does not accept the region", "pass its region in {blob_url}"
	case "RequestTimeTooSkewed":
		return "the clocks of this machine and of the object store differ too much", "set both clocks by NTP"
	}
	return "the object store answered " + plain.Line(answer.Code, '?'), "the log of the object store may say more"
}

// noStore says that what answers does not store.
func (b *Bucket) noStore() (problem string, hint field.Message) {
	return "what answers at " + b.loc.Endpoint + " does not store objects", "check the endpoint in {blob_url}"
}

// reason is the part of an error that does not repeat the request.
func reason(err error) string {
	var timeout net.Error
	var request *url.Error
	var connection *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.As(err, &connection):
		err = connection.Err
	case errors.As(err, &request):
		err = request.Err
	}
	switch {
	case errors.Is(err, io.EOF), strings.HasPrefix(err.Error(), "Connection closed by foreign host"):
		return "it closed the connection"
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "it has no TLS, which endpoint=http://... says"
	}
	return plain.Line(err.Error(), ' ')
}

// missing returns fs.ErrNotExist for the answer that there is no such object, and other errors as they are. The answer
// to a HEAD has no code: the client makes up one from the status.
func missing(err error) error {
	var answer minio.ErrorResponse
	if errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound && answer.Code == minio.NoSuchKey {
		return fs.ErrNotExist
	}
	return err
}
