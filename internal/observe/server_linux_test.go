package observe

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The roles of this test when it runs again: listen in a process that other processes of its user cannot see, or search
// for that process.
const (
	hiddenRole = "RDIOSTRESS_TEST_HIDDEN"
	seekerRole = "RDIOSTRESS_TEST_SEEKER"
)

// A server of another user is reported as such.
func TestProcessOfAnotherUser(t *testing.T) {
	switch {
	case os.Getenv(hiddenRole) != "":
		if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(l.Addr())
		_, _ = io.Copy(io.Discard, os.Stdin) // until the test ends
		return
	case os.Getenv(seekerRole) != "":
		_, err := Processes(t.Context(), Options{URL: os.Getenv(seekerRole)})
		if err == nil || !strings.Contains(err.Error(), "belongs to another user: a run as that user can read it") {
			t.Errorf("found %v", err)
		}
		return
	}
	hidden := again(t, hiddenRole, "1")
	in, err := hidden.StdinPipe()
	out, err2 := hidden.StdoutPipe()
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	if err := hidden.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // which ends it
		_ = hidden.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	seeker := again(t, seekerRole, "http://"+strings.TrimSpace(address))
	if os.Getuid() == 0 { // root sees all: search as another user
		asNobody(t, seeker)
	}
	if out, err := seeker.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// asNobody makes a command of the test binary run as another user, from a copy that every user can run.
func asNobody(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	dir, err := os.MkdirTemp("", "target-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	binary, err := os.ReadFile(cmd.Path)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Path, cmd.Dir = filepath.Join(dir, "seeker"), "/"
	if err := os.WriteFile(cmd.Path, binary, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	const nobody = 65534
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
}

// A server's process is found by the address that it listens on, not only by the port, since another process may listen
// on the same port of another address.
func TestProcesses(t *testing.T) {
	first, address := startProcess(t, "127.0.0.1:0")
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	second, _ := startProcess(t, "127.0.0.2:"+port)
	for _, tt := range []struct {
		o    Options
		want int
	}{
		{Options{URL: "http://127.0.0.1:" + port + "/api/call-upload"}, first.Process.Pid},
		{Options{URL: "http://127.0.0.2:" + port}, second.Process.Pid},
		{Options{URL: "http://scanner.example:80", Resolve: map[string]string{"scanner.example:80": "127.0.0.2:" +
			port}}, second.Process.Pid},
		{Options{URL: "http://203.0.113.7", PID: first.Process.Pid}, first.Process.Pid},
	} {
		pids, err := Processes(t.Context(), tt.o)
		if err != nil || len(pids) == 0 || pids[0] != int32(tt.want) {
			t.Errorf("%+v: %v, %v; want %d", tt.o, pids, err, tt.want)
		}
	}
	w := open(t, Options{URL: "http://127.0.0.2:" + port, Client: http.DefaultClient})
	if w.info.PID != second.Process.Pid {
		t.Errorf("watches process %d, want %d", w.info.PID, second.Process.Pid)
	}
}
