package upload

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"strings"

	"rdiostress/internal/measure"
)

// Classify returns the class of an upload that failed with an error instead of a reply. Sent says whether it had a
// connection.
func Classify(err error, sent bool) measure.Class {
	var dns *net.DNSError
	var op *net.OpError
	var malformed MalformedError
	switch {
	case isExhausted(err):
		return measure.Exhausted
	case errors.As(err, &dns):
		return measure.DNS
	case IsTimeout(err):
		if sent {
			return measure.Timeout
		}
		return measure.ConnectTimeout
	case IsRefused(err):
		return measure.Refused
	case isTLS(err):
		return measure.TLS
	case errors.As(err, &op) && op.Op == "write":
		return measure.Write
	case errors.As(err, &malformed), strings.Contains(err.Error(), "malformed"):
		// net/http has no type for a reply that is not HTTP, but all its texts contain "malformed".
		return measure.Malformed
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return measure.Reset
	case !sent && errors.As(err, &op) && op.Op == "dial":
		return measure.Refused // unreachable, which has many error codes
	default:
		return measure.Reset
	}
}

// IsTimeout reports whether an error means that something took too long.
func IsTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	t, ok := errors.AsType[net.Error](err) // unlike errors.As, it does not allocate
	return ok && t.Timeout()
}

func isTLS(err error) bool {
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var verify *tls.CertificateVerificationError
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	return errors.As(err, &record) || errors.As(err, &alert) || errors.As(err, &verify) || errors.As(err, &host) ||
		errors.As(err, &authority) || strings.Contains(err.Error(), "tls:") ||
		strings.Contains(err.Error(), "server gave HTTP response to HTTPS client")
}

// Describe returns an error in one line. It leaves out the method and the address that net/http puts in front, and the
// addresses of the connection, which differ from call to call.
func Describe(err error) string {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op != "dial" && op.Err != nil {
		err = op.Err
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "no reply in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed before the reply was complete"
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// MalformedError is a reply that is not HTTP.
type MalformedError string

func (e MalformedError) Error() string { return "malformed reply: " + string(e) }
