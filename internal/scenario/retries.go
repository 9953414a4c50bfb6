package scenario

import (
	"fmt"
	"strings"
	"time"

	"rdiostress/internal/field"
	"rdiostress/internal/rdio"
	"rdiostress/internal/schedule"
	"rdiostress/internal/units"
)

// Retries says when failed calls are sent again.
type Retries struct {
	On     bool
	Custom []time.Duration // pauses of all clients, each after the attempt before it; empty: the pauses of each client
}

// MaxRetries is the largest number of times that a call is sent again.
const MaxRetries = 10

// ParseRetries reads pauses that are separated by commas. "client" stands for the pauses of each client, "off" for
// none.
func ParseRetries(text string) (Retries, error) {
	r := Retries{On: true}
	switch text {
	case asClient:
		return r, nil
	case retriesOff:
		return Retries{}, nil
	}
	for _, part := range strings.Split(text, ",") {
		pause, err := schedule.ParseDuration(strings.TrimSpace(part))
		if err != nil {
			return Retries{}, err
		}
		if pause <= 0 || pause > maxRetryPause {
			return Retries{}, fmt.Errorf("a pause must be more than 0 and at most %v, not %v", maxRetryPause, pause)
		}
		r.Custom = append(r.Custom, pause)
	}
	if len(r.Custom) > MaxRetries {
		return Retries{}, fmt.Errorf("a call is sent again at most %d times, not %d", MaxRetries, len(r.Custom))
	}
	return r, nil
}

const (
	asClient      = "client"
	retriesOff    = "off"
	maxRetryPause = time.Hour
)

// String writes the pauses in the form that ParseRetries reads. It is empty without retries.
func (r Retries) String() string {
	if !r.On {
		return ""
	}
	if len(r.Custom) == 0 {
		return asClient
	}
	words := make([]string, len(r.Custom))
	for i, p := range r.Custom {
		words[i] = p.String()
	}
	return strings.Join(words, ",")
}

// Repeats returns when failed calls are sent again. Real clients have pauses of their own.
func (s *Scenario) Repeats() Retries {
	if s.RealClients {
		return Retries{On: true}
	}
	return s.Retries
}

// Pauses returns the pauses of a client.
func (r Retries) Pauses(c rdio.Client) []rdio.Pause {
	switch {
	case !r.On:
		return nil
	case len(r.Custom) == 0:
		return c.Repeats()
	}
	pauses := make([]rdio.Pause, len(r.Custom))
	for i, p := range r.Custom {
		pauses[i] = rdio.Pause{Least: p, Most: p}
	}
	return pauses
}

// Shortest returns the shortest time after which one of the clients sends a failed call again, or 0 if none does.
func (r Retries) Shortest(clients []rdio.Client) (least time.Duration) {
	for _, c := range clients {
		if pauses := r.Pauses(c); len(pauses) > 0 && (least == 0 || pauses[0].Least < least) {
			least = pauses[0].Least
		}
	}
	return least
}

// DescribeRetries says what the clients of the scenario do with failed calls, and warns if that will have no effect.
// Both are empty without retries.
func (s *Scenario) DescribeRetries() (plan string, warning field.Message) {
	if s.RealClients {
		return s.describeBehavior(), ""
	}
	r, clients := s.Retries, s.Clients.Clients()
	switch least := r.Shortest(clients); {
	case !r.On:
		return "", ""
	case least == 0:
		return "", field.Messagef("{retries}: %v sends no failed call again; give pauses of your own, such as "+
			"{retries}=5s,10s", s.Clients)
	case least >= s.Length():
		warning = field.Messagef("{retries}: the first failed call would be sent again after %v, and the run ends "+
			"before: make it longer", least)
	}
	if len(r.Custom) > 0 {
		return "every client sends a failed call again " + describePauses(r.Pauses(0)), warning
	}
	var words []string
	for _, c := range clients {
		if pauses := r.Pauses(c); len(pauses) > 0 {
			words = append(words, fmt.Sprintf("%v sends a failed call again %s", c, describePauses(pauses)))
		} else {
			words = append(words, fmt.Sprintf("%v does not", c))
		}
	}
	return strings.Join(words, "; "), warning
}

// describePauses describes pauses.
func describePauses(pauses []rdio.Pause) string {
	words := make([]string, len(pauses))
	for i, p := range pauses {
		if words[i] = "after another "; i == 0 {
			words[i] = "after "
		}
		if p.Least == p.Most {
			words[i] += units.Duration(p.Least.Seconds())
		} else {
			words[i] += units.Given(p.Least.Seconds()) + "-" + units.Given(p.Most.Seconds()) + " s"
		}
	}
	return strings.Join(words, ", ")
}
