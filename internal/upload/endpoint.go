package upload

import (
	"net/url"

	"rdiostress/internal/address"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
)

// Endpoint is one client's way to the target: where it sends calls and how it lays them out.
type Endpoint struct {
	Encoder *rdio.Encoder
	URL     *url.URL
}

// Endpoints are the ways of all clients, by number.
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

// Address is where the client sends calls, without what may be a secret.
func (e *Endpoint) Address() string { return address.Redact(e.URL.String()) }
