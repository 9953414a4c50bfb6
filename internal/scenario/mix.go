package scenario

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"rdiostress/internal/rdio"
)

// Mix says which clients send the calls of a run, and the share of each. The zero value is SDRTrunk alone.
type Mix struct {
	shares []share
	total  uint64
}

type share struct {
	client rdio.Client
	weight uint64
	until  uint64 // sum of the weights up to this one
}

// maxWeight is the largest weight of one client.
const maxWeight = 1_000_000

// ParseMix reads the name of a client, or names with their shares, such as "sdrtrunk=70,trunk-recorder=30". A name
// without a share has a share of 1.
func ParseMix(text string) (Mix, error) {
	var m Mix
	seen := [rdio.NumClients]bool{}
	for _, part := range strings.Split(text, ",") {
		name, weight, weighted := strings.Cut(strings.TrimSpace(part), "=")
		client, err := rdio.ParseClient(strings.TrimSpace(name))
		if err != nil {
			return Mix{}, err
		}
		n := uint64(1)
		if weighted {
			if n, err = strconv.ParseUint(strings.TrimSpace(weight), 10, 64); err != nil || n < 1 || n > maxWeight {
				return Mix{}, fmt.Errorf("%q is not a share: write a whole number from 1 to %d, as in sdrtrunk=70",
					weight, maxWeight)
			}
		}
		if seen[client] {
			return Mix{}, fmt.Errorf("%v is named twice", client)
		}
		seen[client] = true
		m.total += n
		m.shares = append(m.shares, share{client, n, m.total})
	}
	if len(m.shares) == 0 {
		return Mix{}, errors.New("names no client")
	}
	return m, nil
}

// String writes the mix in the form that ParseMix reads.
func (m Mix) String() string {
	if len(m.shares) <= 1 {
		return m.Clients()[0].String()
	}
	var parts []string
	for _, s := range m.shares {
		parts = append(parts, fmt.Sprintf("%v=%d", s.client, s.weight))
	}
	return strings.Join(parts, ",")
}

// MarshalText implements encoding.TextMarshaler; the zero value is an empty text.
func (m Mix) MarshalText() ([]byte, error) {
	if len(m.shares) == 0 {
		return nil, nil
	}
	return []byte(m.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *Mix) UnmarshalText(text []byte) (err error) {
	*m = Mix{}
	if len(text) > 0 {
		*m, err = ParseMix(string(text))
	}
	return err
}

// Clients returns the clients of the mix.
func (m Mix) Clients() []rdio.Client {
	if len(m.shares) == 0 {
		return []rdio.Client{rdio.SDRTrunk}
	}
	var clients []rdio.Client
	for _, s := range m.shares {
		clients = append(clients, s.client)
	}
	return clients
}

// Share returns the share of the calls that a client sends, from 0 to 1.
func (m Mix) Share(c rdio.Client) float64 {
	if len(m.shares) == 0 && c == rdio.SDRTrunk {
		return 1
	}
	for _, s := range m.shares {
		if s.client == c {
			return float64(s.weight) / float64(m.total)
		}
	}
	return 0
}

// Pick returns the client that a random number selects.
func (m Mix) Pick(random uint64) rdio.Client {
	if len(m.shares) == 0 {
		return rdio.SDRTrunk
	}
	at := random % m.total
	for _, s := range m.shares {
		if at < s.until {
			return s.client
		}
	}
	return m.shares[0].client // not reached: the last share ends at the total
}
