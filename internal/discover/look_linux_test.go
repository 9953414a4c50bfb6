package discover

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// roleVariable makes the test binary a process that is inspected, or that inspects.
const roleVariable = "DISCOVER_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "parent": // keeps a database open with one of SQLite's journals, and has a child that keeps another open
		keepOpen("wal.db", "wal")
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), roleVariable+"=child")
		child.Stdin, child.Stdout = os.Stdin, os.Stdout
		exitOn(child.Start())
		fmt.Println(os.Getpid())
	case "child":
		keepOpen("child.db", "delete")
		fmt.Println(os.Getpid())
	case "hidden": // from other processes of its user
		exitOn(unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0))
		fmt.Println(os.Getpid())
	case "look":
		var pid int32
		_, err := fmt.Sscan(os.Args[1], &pid)
		exitOn(err)
		_, err = Find(context.Background(), []int32{pid})
		fmt.Printf("%v; %v\n", errors.Is(err, ErrForbidden), err)
		return
	default:
		os.Exit(m.Run())
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test ends
}

func exitOn(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// keepOpen opens a database and other files.
func keepOpen(name, journal string) {
	db, err := sql.Open("sqlite", "file:"+name+"?_pragma=journal_mode("+journal+")")
	exitOn(err)
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(context.Background())
	exitOn(err)
	_, err = conn.ExecContext(context.Background(), "CREATE TABLE calls (id integer)")
	exitOn(err)
	for _, other := range []string{"notes.txt", "gone.db"} {
		f, err := os.Create(other)
		exitOn(err)
		_, err = f.WriteString(magic[:4])
		exitOn(err)
		if other == "gone.db" {
			exitOn(os.Remove(other))
		}
	}
}

// start starts a process in a role, whose errors go to log in dir, and returns the numbers that it prints. The process
// ends with the test.
func start(t *testing.T, role, dir string, lines int) (pids []int32) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Dir, cmd.Env = dir, append(os.Environ(), roleVariable+"="+role)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stderr = log
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // which ends it
		_ = cmd.Wait()
	})
	scanner := bufio.NewScanner(out)
	for range lines {
		var pid int32
		if scanner.Scan(); scanner.Err() != nil {
			t.Fatal(scanner.Err())
		}
		if _, err := fmt.Sscan(scanner.Text(), &pid); err != nil {
			t.Fatalf("%q: %v", scanner.Text(), err)
		}
		pids = append(pids, pid)
	}
	return pids
}

// The open databases of a real process and its child are found; other and deleted files are not.
func TestLook(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte("DATABASE_URL=postgres://me:hush@db/calls\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	pids := start(t, "parent", dir, 2)
	parent := min(pids[0], pids[1])
	child := max(pids[0], pids[1])
	f, err := Find(t.Context(), []int32{parent, child})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range f.Places {
		got = append(got, p.String())
	}
	want := []string{
		fmt.Sprintf("%s/wal.db, found among the open files of process %d", dir, parent),
		fmt.Sprintf("%s/child.db, found among the open files of process %d", dir, child),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if f.PID != parent || f.Name != filepath.Base(os.Args[0]) || f.Dir != dir || f.AudioDir != dir ||
		f.Log != filepath.Join(dir, "log") {
		t.Errorf("found %+v", f)
	}
}

// A process that has just ended, and one of another user.
func TestLookAtOthers(t *testing.T) {
	if _, err := Find(t.Context(), []int32{1 << 30}); err == nil ||
		!strings.Contains(err.Error(), "process 1073741824: there is no such process") {
		t.Errorf("one that is not there: %v", err)
	}
	hidden := start(t, "hidden", t.TempDir(), 1)[0]
	cmd := exec.Command(os.Args[0], fmt.Sprint(hidden))
	if os.Getuid() == 0 { // root sees all: inspect as another user
		cmd.Path = forNobody(t)
		const nobody = 65534
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	// A test binary that measures coverage writes the profile at its end, and prints a message if it cannot.
	coverage := t.TempDir()
	for _, dir := range []string{filepath.Dir(coverage), coverage} {
		_ = os.Chmod(dir, 0o777)
	}
	cmd.Env, cmd.Dir = append(os.Environ(), roleVariable+"=look", "GOCOVERDIR="+coverage), "/"
	out, err := cmd.CombinedOutput()
	want := fmt.Sprintf("true; process %d: it belongs to another user: a run as that user can read it\n", hidden)
	if err != nil || string(out) != want {
		t.Errorf("%v, %q; want %q", err, out, want)
	}
}

// forNobody copies the test binary to a place where every user can run it.
func forNobody(t *testing.T) (path string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "discover-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	binary, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "look")
	if err := os.WriteFile(path, binary, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}
