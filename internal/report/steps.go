package report

import (
	"rdiostress/internal/measure"
)

// UploadStep is a step of an upload, with its name in JSON and its title.
type UploadStep struct {
	id, Title string
	*measure.Distribution
}

// UploadSteps returns the steps of an upload in order.
func UploadSteps(s *measure.Steps) []UploadStep {
	return []UploadStep{
		{"connect", "connect", &s.Connect},
		{"tls", "TLS handshake", &s.TLS},
		{"write", "send the request", &s.Write},
		{"wait", "wait for a reply", &s.Wait},
		{"read", "read the reply", &s.Read},
	}
}
