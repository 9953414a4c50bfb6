package defect

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"

	"rdiostress/internal/address"
	"rdiostress/internal/field"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/transcribe"
)

// Defect is one or several defects, ready for use. A nil hook does not change that part of the server.
type Defect struct {
	Name        string // as requested, with its arguments
	Does        string // description of what it does
	Transcribes bool   // it is in the transcription of calls, and does nothing in a server without
	store       func(call.Store) call.Store
	engine      func(transcribe.Engine) transcribe.Engine
	handler     func(http.Handler) http.Handler
	listener    func(net.Listener) net.Listener
	stop        func()
}

// kind is a defect that can be requested.
type kind struct {
	does string // with %s for each argument's value, in order
	args []arg
	make func(values) Defect
}

// Parse parses a defect: a name, or a name and arguments, such as "stall=every:5s,for:1s". Dir is the server's data
// folder, which some defects fill.
func Parse(text, dir string) (Defect, error) {
	name, given, _ := strings.Cut(strings.TrimSpace(text), "=")
	k, ok := kinds()[name]
	if !ok {
		return Defect{}, &UnknownError{name}
	}
	v, err := parseArgs(k.args, given)
	if err != nil {
		return Defect{}, fmt.Errorf("defect %s: %w", name, err)
	}
	v.dir = dir
	d := k.make(v)
	d.Name, d.Does = v.format(name, k.args), k.does
	return d, nil
}

// UnknownError means that no defect has the name.
type UnknownError struct{ Name string }

func (e *UnknownError) Error() string { return fmt.Sprintf("there is no defect %q", e.Name) }

// Names returns the names of the defects, sorted.
func Names() []string { return slices.Sorted(maps.Keys(kinds())) }

// Describe describes what a defect does and which arguments it takes, with their defaults.
func Describe(name string) (does, usage string) {
	k := kinds()[name]
	v, err := parseArgs(k.args, "")
	if err != nil {
		return k.does, name
	}
	return k.does, v.format(name, k.args)
}

// kinds returns all defects. It is a function, since a package-level map could be changed.
func kinds() map[string]kind {
	all := make(map[string]kind)
	for _, group := range []map[string]kind{
		databaseKinds(), memoryKinds(), requestKinds(), queueKinds(), resourceKinds(), transcriptionKinds(),
	} {
		maps.Copy(all, group)
	}
	return all
}

// Set is several defects at once, in the given order.
type Set []Defect

// Store wraps a store in all of them.
func (s Set) Store(store call.Store) call.Store {
	for _, d := range s {
		if d.store != nil {
			store = d.store(store)
		}
	}
	return store
}

// Engine wraps a transcription engine in all of them.
func (s Set) Engine(e transcribe.Engine) transcribe.Engine {
	for _, d := range s {
		if d.engine != nil {
			e = d.engine(e)
		}
	}
	return e
}

// Handler wraps a handler in all of them.
func (s Set) Handler(h http.Handler) http.Handler {
	for _, d := range s {
		if d.handler != nil {
			h = d.handler(h)
		}
	}
	return h
}

// Listener wraps a listener in all of them.
func (s Set) Listener(ln net.Listener) net.Listener {
	for _, d := range s {
		if d.listener != nil {
			ln = d.listener(ln)
		}
	}
	return ln
}

// Stop stops the background work of the defects and waits for its end. It must be called after the server has stopped
// and before its store is closed.
func (s Set) Stop() {
	for _, d := range s {
		if d.stop != nil {
			d.stop()
		}
	}
}

// CheckAddress rejects addresses that other machines can reach: a server with a defect is for tests.
func CheckAddress(addr *net.TCPAddr) error {
	if addr.IP == nil || !addr.IP.IsLoopback() {
		return field.Errorf("defect", "a server with a {defect} listens on a loopback address only, such as %s",
			address.DefaultListen)
	}
	return nil
}
