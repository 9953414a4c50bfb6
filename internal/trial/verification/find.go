package verification

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/api"
	"rdiostress/internal/delivery/sqldb"
	"rdiostress/internal/discover"
	"rdiostress/internal/observe"
	"rdiostress/internal/plain"
)

// unlisted is why storage is not verified if neither a list of calls nor a database is found.
const unlisted = "the server does not list its calls"

// findPlace finds a place where the server's stored calls can be seen: the list of calls of rdiostress's own server,
// else the server's database if its process runs here, else the list of calls of another server. If it finds none, it
// records why.
func (v *Verification) findPlace(ctx context.Context) {
	list, err := v.openList(ctx, v.server.URL)
	if err == nil && api.ListsByID(list) {
		v.place = list
		return
	}
	database, why := v.openDatabase(ctx)
	switch {
	case database != nil:
		v.place = database
		if err == nil {
			_ = list.Close() // opened for reading only
		}
	case err == nil:
		v.place = list
	default:
		v.absent = why
	}
}

// openList opens the list of calls at an address: that of rdiostress's own server and of sdrtrunk-rdio-api, or that of
// tr-engine.
func (v *Verification) openList(ctx context.Context, address string) (delivery.Prober, error) {
	p, err := api.Open(ctx, v.server.Client, address)
	if !errors.Is(err, api.ErrNoAPI) {
		return p, err
	}
	key := ""
	if mayHaveKey(v.server.URL, address) {
		key = v.server.Key
	}
	return api.OpenTREngine(ctx, v.server.Client, address, key)
}

// mayHaveKey reports whether an address may be sent the key of the target's uploads: it is of the same host, and shows
// the key to nobody that the target's does not.
func mayHaveKey(target, address string) bool {
	t, err := url.Parse(target)
	a, err2 := url.Parse(address)
	return err == nil && err2 == nil && strings.EqualFold(t.Hostname(), a.Hostname()) &&
		(t.Scheme != "https" || a.Scheme == "https")
}

// openDatabase opens the database of a server whose process runs on this machine and may be read. Otherwise it returns
// why not.
func (v *Verification) openDatabase(ctx context.Context) (p delivery.Prober, why string) {
	switch {
	case v.server.Bundled:
		return nil, unlisted
	case v.server.NotWatched != "":
		return nil, unlisted + ", and its database is not looked for with " + v.server.NotWatched
	}
	switch err := v.lookAtProcess(ctx); {
	case errors.Is(err, observe.ErrElsewhere):
		return nil, unlisted
	case err != nil:
		return nil, plain.Text(fmt.Sprintf("%s, and its database was not found: %v", unlisted, err))
	}
	return v.openFound(ctx)
}

// openFound opens the first of the found places that is the database of a known server.
func (v *Verification) openFound(ctx context.Context) (p delivery.Prober, why string) {
	why = fmt.Sprintf("%s, and process %d (%s) shows no database that is known",
		unlisted, v.process.PID, plain.Text(v.process.Name))
	if v.process.Problem != "" {
		why = fmt.Sprintf("%s, and its database was not found: %s", unlisted, plain.Text(v.process.Problem))
	}
	for _, place := range v.process.Places {
		p, err := openPlace(ctx, place)
		switch {
		case err == nil:
			v.found = &Found{plain.Text(place.Where), plain.Text(place.How), plain.Text(p.Source())}
			sqldb.SetLocation(p, fmt.Sprintf("in %s", place)) // the source names it from now on
			return p, ""
		case errors.Is(err, sqldb.ErrUnknown) || v.unread: // for example a file with other data
			continue
		}
		v.unread = true
		why = fmt.Sprintf("the server's database, %s, cannot be read: %s", plain.Text(place.String()),
			plain.Reason(err))
	}
	return nil, why
}

// openPlace opens a found database.
func openPlace(ctx context.Context, place discover.Place) (delivery.Prober, error) {
	const limit = 30 * time.Second // for a host that does not answer; a locked database is retried for half of that
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return sqldb.Open(ctx, place.Method, place.Address())
}
