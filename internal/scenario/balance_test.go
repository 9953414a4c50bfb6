package scenario

import (
	"strings"
	"testing"
)

func TestServersAreChecked(t *testing.T) {
	for name, test := range map[string]struct {
		more    []string
		balance Balance
		systems IDs
		want    string // in the error; empty if there is none
	}{
		"two":         {more: []string{"http://b:1"}},
		"sticky":      {[]string{"http://b:1"}, Sticky, IDs{1, 2}, ""},
		"few systems": {[]string{"http://b:1"}, Sticky, IDs{1}, "names 1 for 2 servers"},
		"twice": {
			more: []string{"http://A:8000/api/call-upload"},
			want: "names http://A:8000/api/call-upload twice",
		},
		"twice by default": {more: []string{"http://b", "http://b:80/"}, want: "names http://b:80/ twice"},
		"mixed schemes":    {more: []string{"https://b:1"}, want: "either by http or by https"},
		"bad":              {more: []string{"ftp://b"}, want: "must be like"},
		"too many":         {more: strings.Fields(strings.Repeat("http://b ", 16)), want: "names 17 servers"},
		"unknown balance":  {balance: "random", want: `not "random"`},
	} {
		s := testScenario()
		s.URL, s.MoreURLs, s.Balance = "http://a:8000", test.more, test.balance
		if test.systems != nil {
			s.Systems = test.systems
		}
		said := ""
		if err := s.Validate(); err != nil {
			said = err.Error()
		}
		if (test.want == "") != (said == "") || !strings.Contains(said, test.want) {
			t.Errorf("%s: %v, want %q", name, said, test.want)
		}
	}
}

// Calls go round in turn, and the repeat of one goes to the next server.
func TestRoundRobin(t *testing.T) {
	s := Scenario{MoreURLs: []string{"b", "c"}}
	d := s.Spread()
	for n, want := range []uint8{0, 1, 2, 0, 1} {
		if at := d.Server(uint64(n), 7, 0); at != want {
			t.Errorf("call %d goes to %d, not to %d", n, at, want)
		}
	}
	if first, again := d.Server(2, 7, 0), d.Server(2, 7, 1); first != 2 || again != 0 {
		t.Errorf("call 2 goes to %d, then to %d", first, again)
	}
}

// A system stays with its server, whatever its number, and the servers get as many systems each.
func TestSticky(t *testing.T) {
	s := Scenario{MoreURLs: []string{"b"}, Balance: Sticky, Systems: IDs{400, 100, 200, 300}}
	d := s.Spread()
	of := [2]int{}
	for _, system := range s.Systems {
		at := d.Server(0, system, 0)
		of[at]++
		for n := range uint64(9) {
			if other := d.Server(n, system, int(n%3)); other != at {
				t.Errorf("call %d of system %d goes to %d, not to %d", n, system, other, at)
			}
		}
	}
	if of != [2]int{2, 2} {
		t.Errorf("systems of each server: %v", of)
	}
	if at := d.Server(0, 5, 0); at != d.Server(1, 5, 0) {
		t.Error("a recorded system changes its server")
	}
	if allocs := testing.AllocsPerRun(100, func() { d.Server(3, 300, 0) }); allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
}
