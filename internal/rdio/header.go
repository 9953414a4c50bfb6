package rdio

// HeaderLine is a line of a request's header.
type HeaderLine struct{ Name, Value string }

// The lines that every request has and whose values are the request's: ContentLength's is empty.
const (
	Host          = "Host"
	ContentLength = "Content-Length"
	ContentType   = "Content-Type"
)

// Header returns the lines of the header in the client's order. The boundary in that of ContentType is the form's only
// where it is not random; it stands at the line's end. Secure says that the connection is encrypted.
func (e *Encoder) Header(host string, secure bool) []HeaderLine {
	hostLine := HeaderLine{Host, host}
	length, form := HeaderLine{
		ContentLength,
		"",
	}, HeaderLine{
		ContentType,
		"multipart/form-data; boundary=" + e.boundary,
	}
	agent := HeaderLine{"User-Agent", e.client.userAgent()}
	anything := HeaderLine{"Accept", "*/*"}
	switch e.client {
	case SDRTrunk:
		if secure {
			return []HeaderLine{length, hostLine, form, agent}
		}
		// Java's HTTP client (JDK 17) asks for HTTP/2 with every request, and never with TLS, where the handshake
		// settles it.
		return []HeaderLine{
			{"Connection", "Upgrade, HTTP2-Settings"},
			length, hostLine,
			{"HTTP2-Settings", "AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA"},
			{"Upgrade", "h2c"},
			form, agent,
		}
	case Voxcall:
		return []HeaderLine{
			hostLine,
			agent,
			{"Accept-Encoding", "gzip, deflate"},
			anything,
			{"Connection", "keep-alive"},
			length,
			form,
		}
	case RdioScanner:
		return []HeaderLine{hostLine, agent, length, form, {"Accept-Encoding", "gzip"}}
	default:
		return []HeaderLine{hostLine, agent, anything, length, form}
	}
}

// userAgent is what the client calls itself.
func (c Client) userAgent() string {
	switch c {
	case TrunkRecorder, TrunkRecorder52:
		return "TrunkRecorder1.0"
	case Voxcall:
		return "python-requests/2.34.2"
	case RdioScanner:
		return "Go-http-client/1.1"
	case TrunkRecorderMeta, Curl:
		return "curl/7.88.1"
	default:
		return "sdrtrunk"
	}
}
