package upload

import "testing"

// Each request goes to the server that it says.
func TestSeveral(t *testing.T) {
	servers := []*counter{{}, {}, {}}
	all := Several{servers[0], servers[1], servers[2]}
	u := all.Uploader()
	for _, at := range []uint8{2, 0, 2} {
		u.Upload(t.Context(), &Request{Server: at})
	}
	r := &Request{Server: 1}
	if n := testing.AllocsPerRun(100, func() { u.Upload(t.Context(), r) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	u.Close()
	for i, want := range []int{1, 101, 2} {
		if one := servers[i].uploaders[0]; one.uploads != want || !one.closed {
			t.Errorf("server %d: %+v, want %d uploads", i, one, want)
		}
	}
	if n := all.HeldConnections(); n != 0 {
		t.Errorf("%d connections held", n)
	}
	all.Close()
}
