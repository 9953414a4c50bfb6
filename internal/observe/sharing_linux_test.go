package observe

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shirou/gopsutil/v4/common"

	"rdiostress/internal/measure"
)

// startOrphan starts a process that works and listens, and is a descendant of neither this process nor the server. It
// returns the process's address. The process ends with the test.
func startOrphan(t *testing.T) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", `"$0" & echo $!; exit`, os.Args[0])
	cmd.Env = append(os.Environ(), "TARGET_TEST_ROLE=backend")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for scan := bufio.NewScanner(out); len(lines) < 2 && scan.Scan(); {
		lines = append(lines, scan.Text())
	}
	pid := -1
	address := ""
	for _, line := range lines {
		if n, err := strconv.Atoi(line); err == nil {
			pid = n
		} else {
			address = line
		}
	}
	if pid <= 1 || address == "" {
		t.Fatalf("the orphan said %q", lines)
	}
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL); _ = cmd.Wait() })
	return address
}

// The busy processors are split between the server, this program and other processes; among these, the server's
// backends are known.
func TestOtherProcesses(t *testing.T) {
	for _, connects := range []bool{false, true} {
		t.Run(fmt.Sprintf("connects %t", connects), func(t *testing.T) {
			backend := startOrphan(t)
			if connects {
				t.Setenv("TARGET_TEST_BACKEND", backend)
			}
			_, address := startProcess(t, lastingAddress(t))
			w := open(t, Options{URL: "http://" + address})
			until(t, "another process", atLeast(w, measure.OtherCPU, lookFrom))
			until(t, "this program", atLeast(w, measure.GeneratorCPU, 0.001))
			until(t, "the server", atLeast(w, measure.CPU, 0.05))
			if connects {
				until(t, "what the server has connected to", atLeast(w, measure.BackendCPU, 0.02))
			}
			w.Stop()
			res := measure.Result{Series: []measure.Point{{TS: 0, WidthS: 1e6}}}
			w.FillResult(&res)
			name := filepath.Base(os.Args[0])
			found := false
			for _, o := range res.Watch.Others {
				if strings.HasPrefix(name, o.Name) {
					found = true
					if o.Backend != connects {
						t.Errorf("%+v, and the server connects: %t", o, connects)
					}
				}
			}
			if !found {
				t.Errorf("no %s in %+v", name, res.Watch.Others)
			}
		})
	}
}

func TestUsedBetween(t *testing.T) {
	before := map[int32]procStat{
		10: {name: "make", start: 1, own: 5, ended: 20},
		11: {parent: 10, name: "cc1", start: 2, own: 3},
		12: {name: "old", start: 3, own: 100},
		13: {name: "idle", start: 4, own: 7},
		20: {name: "bash", start: 5, own: 1, ended: 50},
		21: {parent: 20, name: "go", start: 6, own: 2, ended: 9},
		22: {parent: 21, name: "compile", start: 7, own: 8},
	}
	now := map[int32]procStat{
		20: {name: "bash", start: 5, own: 1, ended: 69.5},   // go and its compiler have ended after half a second more
		10: {name: "make", start: 1, own: 5.1, ended: 23.5}, // cc1 has ended after half a second more
		12: {name: "new with its number", start: 9, own: 0.25},
		13: {name: "idle", start: 4, own: 7},
		14: {parent: 10, name: "cc1", start: 9, own: 0.75},
	}
	used := usedBetween(before, now)
	for pid, want := range map[int32]float64{10: 0.6, 12: 0.25, 13: 0, 14: 0.75, 20: 0.5} {
		if math.Abs(used[pid]-want) > 1e-9 {
			t.Errorf("process %d has used %g s, want %g", pid, used[pid], want)
		}
	}
}

// A process is identified by its start since the boot of the machine. Derived from the clock, its start would be
// rounded differently each time.
func TestClockIsNoSignOfEnd(t *testing.T) {
	pid := os.Getppid()
	dir := t.TempDir()
	if err := os.Symlink(fmt.Sprintf("/proc/%d", pid), filepath.Join(dir, strconv.Itoa(pid))); err != nil {
		t.Fatal(err)
	}
	ctx := context.WithValue(t.Context(), common.EnvKey, common.EnvMap{common.HostProcEnvKey: dir})
	bootedAt := func(s int) {
		t.Helper()
		text := fmt.Sprintf("cpu  1 1 1 1 1 1 1 0 0 0\nbtime %d\n", s)
		if err := os.WriteFile(filepath.Join(dir, "stat"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := &Watcher{}
	p := &processes{watcher: w}
	bootedAt(1_700_000_000)
	if err := p.attach(ctx, int32(pid)); err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		bootedAt(1_700_000_000 + i%2)
		if over, err := p.read(ctx, &measure.Observation{}); over || err != nil || len(w.info.Events) > 0 {
			t.Fatalf("look %d: over %t, %v, events %q", i, over, err, w.info.Events)
		}
	}
}

func TestParseStat(t *testing.T) {
	const line = "4711 (a) b (c) S 17 4711 4711 0 -1 4194560 1 2 0 0 150 50 700 100 20 0 9 0 123456 1 2 3 4\n"
	got, err := parseStat([]byte(line))
	want := procStat{parent: 17, name: "a) b (c", start: 123456, own: 2, ended: 8}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(procStat{})); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, text := range []string{"", "1 (x", "1 (x) S 1", "1 )x( S", strings.Replace(line, "123456", "x", 1)} {
		if s, err := parseStat([]byte(text)); err == nil {
			t.Errorf("%q is taken: %+v", text, s)
		}
	}
}

func FuzzParseProc(f *testing.F) {
	f.Add([]byte("4711 (a b) S 17 4711 4711 0 -1 4194560 1 2 0 0 150 50 700 100 20 0 9 0 123456 1 2"))
	f.Add([]byte(tcpTable))
	f.Add([]byte("Rss: 1 kB\nPss: 17 kB\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, err := parseStat(text); err == nil && (s.own < 0 || s.ended < 0) {
			t.Errorf("%+v", s)
		}
		for _, s := range parseSockets(text) {
			if !s.local.IsValid() || !s.remote.IsValid() {
				t.Errorf("%+v", s)
			}
		}
		if bytes, err := parsePSS(text); err == nil && bytes < 0 {
			t.Errorf("%g bytes", bytes)
		}
	})
}

const tcpTable = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   113        0 9001 1 0 100 0 0 10 0
   1: 0100007F:1538 0100007F:C001 01 00000000:00000000 00:00000000 00000000   113        0 9002 1 0 20 4 30 10 -1
   2: 0100007F:C001 0100007F:1538 01 00000000:00000000 00:00000000 00000000  1000        0 9003 1 0 20 4 30 10 -1
   3: 0000000000000000FFFF00000100007F:1F40 0000000000000000FFFF00000100007F:C002 01 0:0 00:0 0  1000        0 9004 1 0
   broken
   5: 0100007F:XXXX 0100007F:1538 01 0:0 00:0 0  1000        0 9003 1 0
`

func TestParseSockets(t *testing.T) {
	if parseEndian(t) { // the table is of a machine with the other order
		return
	}
	list := parseSockets([]byte(tcpTable))
	if len(list) != 4 {
		t.Fatalf("%d sockets: %+v", len(list), list)
	}
	want := socket{
		local: netip.MustParseAddrPort(
			"127.0.0.1:49153",
		), remote: netip.MustParseAddrPort("127.0.0.1:5432"), established: true, uid: 1000, inode: 9003,
	}
	if list[2] != want {
		t.Errorf("%+v, want %+v", list[2], want)
	}
	if at := list[3].local.String(); at != "127.0.0.1:8000" {
		t.Errorf("an address of IPv4 in IPv6 is %s", at)
	}
}

// parseEndian reports whether this machine uses the network's byte order.
func parseEndian(t *testing.T) bool {
	t.Helper()
	end, err := parseEnd("0100007F:0001")
	if err != nil {
		t.Fatal(err)
	}
	return end.Addr().String() != "127.0.0.1"
}

// One process has resident memory; a family has proportional memory, which counts shared pages once and is read rarely.
func TestMemoryOfAFamily(t *testing.T) {
	cmd, address := startProcess(t, lastingAddress(t)) // holds 100 MB, and has a child at times
	w := open(t, Options{URL: "http://" + address})
	until(t, "memory", atLeast(w, measure.RSS, 100<<20))
	until(t, "two processes", atLeast(w, measure.Processes, 1.5))
	w.Stop()
	res := measure.Result{Series: []measure.Point{{TS: 0, WidthS: 1e6}}}
	w.FillResult(&res)
	if k := res.Watch.MemoryKind; k != measure.MemoryPSS || res.Watch.MemoryNote != "" {
		t.Errorf("memory of process %d and its children is %q, %q", cmd.Process.Pid, k, res.Watch.MemoryNote)
	}
}

// The kind of memory changes once, for the whole run, and earlier values are reported to be of another kind.
func TestKindOfMemory(t *testing.T) {
	var m memory
	self := int32(os.Getpid())
	now := time.Now()
	look := func(after time.Duration, family ...int32) (bytes float64, changed bool) {
		t.Helper()
		var seen measure.Observation
		changed = m.read(family, &familySum{n: len(family), rss: 1e12}, now.Add(after), &seen)
		bytes, _ = seen.Get(measure.RSS)
		return bytes, changed
	}
	if bytes, changed := look(0, self); bytes != 1e12 || changed || m.kind != measure.MemoryRSS {
		t.Errorf("one process: %g, %t, %s", bytes, changed, m.kind)
	}
	if bytes, changed := look(time.Second, self, self); bytes <= 0 || bytes >= 1e12 || !changed ||
		m.kind != measure.MemoryPSS {
		t.Errorf("a family: %g, %t, %s", bytes, changed, m.kind)
	}
	if bytes, changed := look(2*time.Second, self); bytes != 0 || changed {
		t.Errorf("a second later: %g, %t", bytes, changed)
	}
	if bytes, changed := look(time.Minute, self); bytes <= 0 || bytes >= 1e12 || changed ||
		m.kind != measure.MemoryPSS {
		t.Errorf("a minute later, alone: %g, %t, %s", bytes, changed, m.kind)
	}
}
