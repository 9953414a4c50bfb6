package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"time"
	"unicode"

	"rdiostress/internal/delivery"
	"rdiostress/internal/discover"
	"rdiostress/internal/observe"
)

// unlisted is why nothing is looked at where neither a list of calls nor a database is found.
const unlisted = "the server does not list its calls"

// openAuto finds a place where the calls that the server stores can be seen: the list of calls of rdiostress's own
// server, else the server's database if its process runs here, else the list of calls of another server. The check
// says why there is none.
func (c *check) openAuto(ctx context.Context, o *runOptions) {
	list, err := openList(ctx, o, o.scenario.URL)
	if err == nil && delivery.ListsByID(list) {
		c.prober = list
		return
	}
	database, why := c.openDatabase(ctx, o)
	switch {
	case database != nil:
		c.prober = database
		if err == nil {
			_ = list.Close() // it has only read
		}
	case err == nil:
		c.prober = list
	default:
		c.why = why
		if c.unreadable && o.firstStep() {
			o.warn("storage is not verified: " + why)
		}
	}
}

// openList opens the list of calls at an address: that of rdiostress's own server and of sdrtrunk-rdio-api, or
// tr-engine's.
func openList(ctx context.Context, o *runOptions, address string) (delivery.Prober, error) {
	connect := o.connect()
	p, err := delivery.OpenAPI(ctx, connect.Client(), address)
	if !errors.Is(err, delivery.ErrNoAPI) {
		return p, err
	}
	key := ""
	if mayHaveKey(o.scenario.URL, address) {
		key = o.scenario.Key
	}
	return delivery.OpenTREngine(ctx, connect.Client(), address, key)
}

// mayHaveKey tells whether an address may be sent the key of the target's uploads: it is of the same host, and shows
// the key to nobody that the target's does not.
func mayHaveKey(target, address string) bool {
	t, err := url.Parse(target)
	a, err2 := url.Parse(address)
	return err == nil && err2 == nil && strings.EqualFold(t.Hostname(), a.Hostname()) &&
		(t.Scheme != "https" || a.Scheme == "https")
}

// openDatabase finds the database of a server whose process runs on this machine and may be looked at. Else it says
// why there is none.
func (c *check) openDatabase(ctx context.Context, o *runOptions) (p delivery.Prober, why string) {
	switch {
	case o.withServer:
		return nil, unlisted
	case o.watch.off:
		return nil, unlisted + ", and its database is not looked for with --watch none"
	}
	switch err := c.lookAtServer(ctx, o); {
	case errors.Is(err, observe.ErrElsewhere):
		return nil, unlisted
	case err != nil:
		return nil, printable(fmt.Sprintf("%s, and its database was not found: %v", unlisted, err))
	}
	return c.openFound(ctx, o)
}

// lookAtServer finds out about the server's process, if it runs on this machine and may be looked at.
func (c *check) lookAtServer(ctx context.Context, o *runOptions) error {
	c.looked = true
	if o.watch.off {
		return errors.New("--watch none looks at no process")
	}
	where := observe.Options{URL: o.scenario.URL, Resolve: o.connection.hosts, PID: o.watch.pid}
	pids, err := observe.Processes(ctx, where)
	if err != nil {
		return err
	}
	c.found, err = discover.Look(ctx, pids)
	return err
}

// openFound opens the first of the places found that is the database of a known server.
func (c *check) openFound(ctx context.Context, o *runOptions) (p delivery.Prober, why string) {
	name := printable(c.found.Name)
	why = fmt.Sprintf("%s, and process %d (%s) shows no database that is known", unlisted, c.found.PID, name)
	if c.found.Problem != "" {
		why = fmt.Sprintf("%s, and its database was not found: %s", unlisted, printable(c.found.Problem))
	}
	for _, place := range c.found.Places {
		p, err := openPlace(ctx, place)
		switch {
		case err == nil:
			c.announce(o, p, place)
			return p, ""
		case errors.Is(err, delivery.ErrUnknown) || c.unreadable: // such as a file that it keeps something else in
			continue
		}
		c.unreadable = true
		what := printable(place.String())
		why = fmt.Sprintf("the server's database, %s, cannot be read: %s; --verify can name it", what, reason(err))
	}
	return nil, why
}

// openPlace opens a database that was found.
func openPlace(ctx context.Context, place discover.Place) (delivery.Prober, error) {
	const limit = 30 * time.Second // for a host that does not answer; a locked database is asked again for half of that
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return delivery.Open(ctx, place.Method, place.Address())
}

// announce says which database is looked at and how it was found, here and in the report.
func (c *check) announce(o *runOptions, p delivery.Prober, place discover.Place) {
	line := fmt.Sprintf("rdiostress: verifying storage in %s (%s), found %s", place.Where, p.Source(), place.How)
	if v := &o.verify; !o.quiet && v.announced != line { // a search opens it for each step
		v.announced = line
		o.say(printable(line))
	}
	delivery.SetLocation(p, fmt.Sprintf("in %s", place))
}

// firstStep tells whether this is a run of its own or what comes before the steps of a search, which says everything
// that holds for all of them.
func (o *runOptions) firstStep() bool { return o.step == nil }

// reason is an error in few words. Those of the drivers repeat the place, which is said before it.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return strings.Join(strings.Fields(printable(err.Error())), " ")
}

// printable is a text, such as the name of a program or a file, that changes nothing on a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}
