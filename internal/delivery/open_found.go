package delivery

import (
	"context"
	"fmt"
)

// Open opens a database by the method's name: "sqlite", "postgres" or "mysql".
func Open(ctx context.Context, method, address string) (Prober, error) {
	switch method {
	case "sqlite":
		return OpenSQLite(ctx, address)
	case "postgres":
		return OpenPostgres(ctx, address)
	case "mysql":
		return OpenMySQL(ctx, address)
	}
	return nil, fmt.Errorf("there is no kind of database %q", method)
}

// SetLocation has a database's Source say where it is too, such as "in /var/lib/rdio-scanner.db". Others know that from
// having asked for it.
func SetLocation(p Prober, where string) {
	if d, ok := p.(*database); ok {
		d.where = " " + where
	}
}

// ListsByID tells whether a prober reads the list of calls of rdiostress's own server, which can be read on from an id
// and has hashes.
func ListsByID(p Prober) bool {
	a, ok := p.(*api)
	return ok && a.byID
}
