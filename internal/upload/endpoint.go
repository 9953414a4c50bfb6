package upload

import (
	"net/url"

	"rdiostress/internal/address"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
)

// Endpoint is where one client sends its calls, and how it encodes them.
type Endpoint struct {
	Encoder *rdio.Encoder
	URL     *url.URL
}

// Endpoints returns the endpoints of all clients, indexed by client.
func Endpoints(s *scenario.Scenario) (all [rdio.NumClients]Endpoint, err error) {
	for i := range all {
		client := rdio.Client(i)
		u, err := scenario.ClientURL(s.URL, client)
		if err != nil {
			return all, err
		}
		all[i] = Endpoint{Encoder: rdio.NewEncoder(client, s.Key), URL: u}
	}
	return all, nil
}

// Address returns where the client sends calls, without the parts that may be secret.
func (e *Endpoint) Address() string { return address.Redact(e.URL.String()) }
