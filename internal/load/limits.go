package load

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"rdiostress/internal/address"
	"rdiostress/internal/field"
	"rdiostress/internal/scenario"
	"rdiostress/internal/units"
)

// CheckLimits finds out before the run what this machine does not allow. The error says which limit to raise, and how.
// The warning is about a limit that the run may reach.
func CheckLimits(s *scenario.Scenario) (warning field.Message, err error) {
	connections := cmp.Or(s.Connections, s.MaxConcurrent) + heldConnections(s) // to each server
	if err := checkFiles(connections * len(s.URLs())); err != nil {
		return "", err
	}
	ports, ok := ephemeralPorts()
	if ok && connections > ports {
		return "", tooManyConnections("%d connections to one server need as many local ports, and this machine has "+
			"%d: widen net.ipv4.ip_local_port_range (sysctl) or lower {max_concurrent}", connections, ports)
	}
	// Linux reuses such a port within a second if both ends are on the same machine.
	if !s.ConnectsPerCall() || !ok || address.IsLoopbackURL(s.URL) {
		return "", nil
	}
	if most := float64(ports) / timeWait.Seconds(); scenario.ShapeOf(s.Phases()).Max() > most || !s.Open() {
		return field.Messagef("with a connection for each call, this machine has ports for about %s calls/s to "+
			"one server, since each is kept for %v after its connection (net.ipv4.ip_local_port_range has "+
			"%d)", units.Whole(most), timeWait, ports), nil
	}
	return "", nil
}

// heldConnections returns how many connections clients that behave as real ones keep open though they are answered.
func heldConnections(s *scenario.Scenario) int {
	if !s.RealClients || s.HTTP2 {
		return 0
	}
	held, rate := 0.0, scenario.ShapeOf(s.Phases()).Max()
	for _, c := range s.Clients.Clients() {
		held += rate * s.Clients.Share(c) * c.Habits().Hold.Seconds()
	}
	return int(math.Ceil(held))
}

// tooManyConnections says why this machine cannot have that many connections.
func tooManyConnections(format string, args ...any) error {
	return field.Errorf("max_concurrent", format, args...)
}

// timeWait is how long Linux keeps the port of a closed connection.
const timeWait = time.Minute

// ephemeralPorts returns how many local ports outgoing connections can have. It reports false if that is unknown.
func ephemeralPorts() (n int, ok bool) {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return 0, false
	}
	var low, high int
	if _, err := fmt.Fscan(strings.NewReader(string(text)), &low, &high); err != nil || high < low {
		return 0, false
	}
	return high - low + 1, true
}
