package load

import (
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/wire"
)

// NewTarget returns the scenario's endpoint, on the cheapest implementation that has what the options ask for.
func NewTarget(s *scenario.Scenario, o upload.ConnectOptions) (upload.Target, error) {
	if o.HTTP2 {
		return upload.NewHTTPTarget(s, o)
	}
	return wire.NewTarget(s, o)
}
