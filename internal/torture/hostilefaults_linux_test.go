package torture

import (
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"rdiostress/internal/exitcode"
)

// hostileFaults are servers that mistreat a run.
func hostileFaults() []*fault {
	return []*fault{
		{"a server that turns hostile", ofRun, func(r *round) { hostileRuns(r, true) }},
		{"a server that is hostile from the first request on", ofRun, func(r *round) { hostileRuns(r, false) }},
		{"hostile metrics", ofRun, func(r *round) { hostilePlaces(r, "/metrics") }},
		{"a hostile list of calls", ofRun, func(r *round) { hostilePlaces(r, "/api/calls") }},
	}
}

// atOnce is how many runs of a round go at the same time.
const atOnce = 6

// chosen are the hostilities of this round: all of them come in turn.
func (r *round) chosen() []hostility {
	all := hostilities()
	n := atOnce
	if !r.isLong {
		n = 2
	}
	first := r.random.IntN(len(all)) // so that another seed begins elsewhere
	if r.isLong {
		first = (r.number - 1) * n
	}
	var list []hostility
	for i := range n {
		list = append(list, all[(first+i)%len(all)])
	}
	return list
}

const (
	runMemoryLimit = 300 << 20        // bytes that a run may take
	runLimit       = 60 * time.Second // until which a run of a few seconds must have ended
)

// hostileRuns are runs against hostile servers: they end, and soon; they take little memory; they have counted no call
// as accepted that the server has not acknowledged; and their reports are whole.
func hostileRuns(r *round, isGoodAtFirst bool) {
	servers := make(map[*generator]*hostileServer)
	for _, kind := range r.chosen() {
		patience, share := int64(0), 1.0
		if isGoodAtFirst {
			patience, share = 5+r.random.Int64N(50), 0.02+r.random.Float64()/2
		}
		h := r.newHostileServer(kind, patience, share)
		g := r.startRun(runLimit, "--url", h.url, "--duration", "2", "--timeout", "2", "--max-concurrent", "8",
			"--prime", "off", "--watch", "none", "--verify", "none")
		servers[g] = h
	}
	for g, h := range servers {
		e := g.end()
		g.checkMemory(h.kind.name)
		switch {
		case isGoodAtFirst && (e.report == nil || e.code != exitcode.OK && e.code != exitcode.Missed &&
			e.code != exitcode.Inconclusive):
			r.breaks("%s: exit code %d, a report: %t", h.kind.name, e.code, e.report != nil)
		case !isGoodAtFirst && e.code == exitcode.OK && !h.kind.acknowledges():
			r.breaks("%s, always: exit code 0", h.kind.name)
		}
		if e.report != nil && int64(e.report.Totals.Accepted) > h.good.Load() {
			r.breaks("%s: %d calls are accepted, of which the server acknowledged %d", h.kind.name,
				e.report.Totals.Accepted, h.good.Load())
		}
	}
}

// checkMemory checks how much memory a run has taken, which has ended.
func (g *generator) checkMemory(what string) {
	g.r.Helper()
	if g.peak > runMemoryLimit {
		g.r.breaks("%s: the run has taken %d MB", what, g.peak>>20)
	}
}

// hostilePlaces are runs against a good server of which one place is hostile: that its metrics or its list cannot be
// read costs the run what they would have said, and neither its report nor the server its name.
func hostilePlaces(r *round, place string) {
	s := r.newServer(filepath.Join(r.TempDir(), "data"), "", "--min-free-disk", "1")
	type pair struct {
		g    *generator
		kind string
	}
	var pairs []pair
	for i, kind := range r.chosen() {
		front := r.newHostilePlace(s.url, place, kind)
		system := string(rune('1'+i)) + "00" // so that no run's calls are another's duplicates
		pairs = append(pairs, pair{r.startRun(2*runLimit, "--url", front, "--duration", "2", "--rate", "20/s",
			"--systems", system, "--prime", "off", "--watch", "url:"+front+"/metrics", "--verify", "api="+front,
			"--verify-timeout", "3", "--verify-max", "10"), kind.name})
	}
	for _, p := range pairs {
		e := p.g.end()
		p.g.checkMemory(p.kind)
		switch {
		case e.code == exitcode.DataLoss:
			r.breaks("%s: the run says that calls are lost", p.kind)
		case e.code == exitcode.NoRun: // it says why, before there is anything to report
		case e.report == nil:
			r.breaks("%s: exit code %d without a report", p.kind, e.code)
		case e.report.Totals.Accepted != e.report.Totals.Attempted:
			r.breaks("%s: %d of %d calls are accepted", p.kind, e.report.Totals.Accepted, e.report.Totals.Attempted)
		}
	}
}

// newHostilePlace returns the address of a front of a server, which mistreats requests for a place after the first.
func (r *round) newHostilePlace(behind, place string, kind hostility) string {
	r.Helper()
	var asked atomic.Int64
	patience := r.random.Int64N(12)
	seed := r.random.Uint64()
	return r.newFront(behind, func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.HasPrefix(req.URL.Path, place) || asked.Add(1) <= patience {
			return false
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return false
		}
		kind.do(conn.(*net.TCPConn), rand.New(rand.NewPCG(seed, uint64(asked.Load()))))
		conn.Close()
		return true
	})
}

// newFront returns the address of a front of a server: what hook does not answer is passed on.
func (r *round) newFront(behind string, hook func(w http.ResponseWriter, req *http.Request) bool) string {
	r.Helper()
	target, err := url.Parse(behind)
	if err != nil {
		r.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:      func(p *httputil.ProxyRequest) { p.SetURL(target) },
		Transport:    &http.Transport{MaxIdleConnsPerHost: 64},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	front := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !hook(w, req) {
			proxy.ServeHTTP(w, req)
		}
	})}
	go func() { _ = front.Serve(listener) }() // ends by Close
	r.Cleanup(func() { front.Close() })
	return "http://" + listener.Addr().String()
}
