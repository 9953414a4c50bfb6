package verification

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"rdiostress/internal/address"
)

// Kind is a method of storage verification.
type Kind string

// The kinds of places.
const (
	Auto     Kind = "auto"     // the first place found
	API      Kind = "api"      // a list of calls
	SQLite   Kind = "sqlite"   // a file
	Postgres Kind = "postgres" // a database
	MySQL    Kind = "mysql"    // a database
	Sink     Kind = "sink"     // calls that the server forwards to a port of this machine
	None     Kind = "none"     // storage is not verified
)

// Place is where a server's stored calls can be seen.
type Place struct {
	Kind Kind
	// Address is a file of SQLite, an address of API (empty: the target's) and Sink, and a URL of Postgres and MySQL.
	// It may contain a password.
	Address string `json:",omitempty"`
}

// ParsePlace parses a place: auto, api, api=URL, sqlite:FILE, postgres://…, mysql://…, sink=ADDRESS or none.
func ParsePlace(text string) (Place, error) {
	p := split(text)
	return p, p.check(text)
}

// schemes are the prefixes of database addresses.
func schemes() map[string]Kind {
	return map[string]Kind{"postgres://": Postgres, "postgresql://": Postgres, "mysql://": MySQL}
}

// split splits a place into its kind and address.
func split(text string) Place {
	for prefix, kind := range schemes() {
		if strings.HasPrefix(text, prefix) {
			return Place{kind, text}
		}
	}
	for prefix, kind := range map[string]Kind{"sqlite:": SQLite, "sink=": Sink} {
		if addr, ok := strings.CutPrefix(text, prefix); ok {
			return Place{kind, addr}
		}
	}
	if addr, ok := strings.CutPrefix(text, "api="); ok {
		return Place{API, address.WithScheme(addr)}
	}
	return Place{Kind: Kind(text)}
}

// check returns an error if the place is not valid.
func (p Place) check(text string) error {
	switch p.Kind {
	case Auto, None:
	case API:
		if u, err := url.Parse(p.Address); p.Address != "" && (err != nil || u.Host == "") {
			return errors.New("api= must be followed by an address such as http://localhost:8000")
		}
	case SQLite:
		if p.Address == "" {
			return errors.New("sqlite: names no file; write it like sqlite:/var/lib/rdio-scanner/rdio-scanner.db")
		}
	case Postgres, MySQL:
		if u, err := url.Parse(p.Address); err != nil || u.Host == "" && u.Query().Get("host") == "" {
			return fmt.Errorf("%s:// must be like %s://user:password@host/database", p.Kind, p.Kind)
		}
	case Sink:
		if _, port, err := net.SplitHostPort(p.Address); err != nil || port == "" {
			return errors.New("sink= must be followed by an address and a port, such as 127.0.0.1:9000")
		}
	default:
		return fmt.Errorf("must be auto, api, sqlite:FILE, postgres://…, mysql://…, sink=ADDRESS or none, not %q",
			address.Redact(text))
	}
	return nil
}

// String returns the place in the form that ParsePlace reads, including secrets in its address.
func (p Place) String() string {
	switch {
	case p.Kind == SQLite:
		return "sqlite:" + p.Address
	case p.Kind == Sink, p.Kind == API && p.Address != "":
		return string(p.Kind) + "=" + p.Address
	case p.Address != "":
		return p.Address
	default:
		return string(p.Kind)
	}
}

// Public returns the place without secrets.
func (p Place) Public() string {
	if p.Kind == SQLite {
		return p.String() // a file's name contains no secret
	}
	return address.Redact(p.String())
}
