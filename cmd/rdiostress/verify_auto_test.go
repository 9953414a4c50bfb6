package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"rdiostress/internal/delivery"
	"rdiostress/internal/discover"
)

// What a process calls itself and its files changes nothing on a terminal.
func TestFoundNamesArePrintable(t *testing.T) {
	const evil = "rdio\x1b[2J\r\nscanner"
	wild := discover.Place{Method: discover.SQLite, Where: evil, How: "in " + evil}
	for name, found := range map[string]*discover.Found{
		"its program":  {PID: 7, Name: evil},
		"its files":    {PID: 7, Name: "x", Problem: evil + " is inside a container"},
		"its database": {PID: 7, Name: "x", Places: []discover.Place{wild}},
	} {
		var out bytes.Buffer
		o := &runOptions{ios: &streams{Err: &out}}
		c := &check{found: found}
		_, why := c.openFound(t.Context(), o)
		c.announce(o, silentProber{}, wild)
		printError(o.ios, withHint(errors.New("cannot look: "+why+evil), evil))
		if said := strings.ReplaceAll(out.String(), "\n", ""); said != printable(said) || why != printable(why) ||
			!strings.Contains(why, "rdio [2J  scanner") && !strings.Contains(why, "cannot be read") {
			t.Errorf("%s: says %q, %q", name, why, out.String())
		}
	}
}

// silentProber is a Prober that only says what it is.
type silentProber struct{ delivery.Prober }

func (silentProber) Source() string { return "a test" }

// On a terminal, the line that says where storage is looked at takes the place of the one that says what is done.
func TestAnnouncedInPlaceOfTheStage(t *testing.T) {
	var out bytes.Buffer
	o := &runOptions{ios: &streams{Err: &out, ErrTerminal: true}}
	end := o.beginStages()
	defer end()
	o.stageLine.mu.Lock()
	o.stageLine.shown = true
	o.stageLine.mu.Unlock()
	new(check).announce(o, silentProber{}, discover.Place{Where: "calls.db", How: "open"})
	end()
	if want := clearLine + "rdiostress: verifying storage in calls.db (a test), found open\n"; out.String() != want {
		t.Errorf("writes %q, want %q", out.String(), want)
	}
}
