package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"rdiostress/internal/address"
	"rdiostress/internal/units"
)

// confirm asks before calls are left on a server that is neither on this machine nor on a private network. Where nobody
// can be asked, --yes has to say so beforehand.
func (o *runOptions) confirm(ctx context.Context, find address.Lookup) error {
	if o.yes || o.withServer {
		return nil
	}
	host := ""
	for _, server := range o.scenario.URLs() {
		target, err := address.ParseTarget(server, o.connection.hosts)
		if err != nil {
			return nil // the preflight says so
		}
		addr, public := target.PublicAddr(ctx, find)
		if !public {
			continue
		}
		if host = target.Host; host != addr.String() {
			host = fmt.Sprintf("%s (%s)", host, addr)
		}
		break
	}
	if host == "" {
		return nil
	}
	what := fmt.Sprintf("%s is neither this machine nor on a private network, and this run leaves %s there", host,
		o.callsLeft())
	if !o.ios.InTerminal {
		return usageErrorf("pass --yes if the server is yours to test", "%s", what)
	}
	fmt.Fprintf(o.ios.Err, "rdiostress: %s,\nunder the system label \"rdiostress\", with file names that begin with "+
		"rs-. Go on? [y/N] ", what)
	// An interrupt while this waits ends the program.
	if said, err := bufio.NewReader(o.ios.In).ReadString('\n'); err != nil && err != io.EOF || !isYes(said) {
		return usageErrorf("", "not confirmed: no call was sent")
	}
	return nil
}

func isYes(said string) bool {
	said = strings.ToLower(strings.TrimSpace(said))
	return said == "y" || said == "yes"
}

// callsLeft says how many calls a run leaves where.
func (o *runOptions) callsLeft() string {
	s := &o.scenario
	where := "in system " + s.Systems.String()
	if len(o.mischief) > 0 {
		where += ", with mischief beside them,"
	}
	if n, known := s.Calls(); known {
		return fmt.Sprintf("about %s calls %s", units.Count(uint64(n)), where)
	}
	return fmt.Sprintf("as many calls as it takes from %d uploaders in %v, %s", s.MaxConcurrent, s.Length(), where)
}
