package judge

import (
	"cmp"
	"fmt"
	"net/http"

	"rdiostress/internal/measure"
)

// FailureText describes a kind of failure in a few words. A class that this version does not know keeps its name.
func FailureText(d measure.ErrorDetail) string {
	switch d.Class {
	case measure.Timeout.String():
		return "no reply in time"
	case measure.ConnectTimeout.String():
		return "no connection in time"
	case measure.DNS.String():
		return "host name not found"
	case measure.Refused.String():
		return "connection refused"
	case measure.TLS.String():
		return "TLS handshake failed"
	case measure.Write.String():
		return "request not sent whole"
	case measure.Reset.String():
		return "connection lost"
	case measure.Malformed.String():
		return "reply is not HTTP"
	case measure.Exhausted.String():
		return "own ports or files used up"
	case measure.Status.String():
		return fmt.Sprintf("HTTP %d", d.Status)
	case measure.Unauthorised.String():
		return fmt.Sprintf("HTTP %d, key refused", d.Status)
	case measure.Incomplete.String():
		return fmt.Sprintf("HTTP %d, field missing", d.Status)
	case measure.Rejected.String():
		return "200, but not imported"
	case measure.Duplicate.String():
		return fmt.Sprintf("%d, but a duplicate", cmp.Or(d.Status, http.StatusOK))
	default:
		return d.Class
	}
}
