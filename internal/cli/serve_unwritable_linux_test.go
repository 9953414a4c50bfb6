package cli

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"rdiostress/internal/testenv"
)

// nobody is a user who owns nothing.
const nobody = 65534

// unprivileged is a copy of the program that anybody can run, and how to run it as nobody. It takes root.
func unprivileged(t *testing.T) func(args ...string) *exec.Cmd {
	t.Helper()
	switch {
	case os.Geteuid() == 0:
	case os.Getenv(testenv.Strict) != "":
		t.Fatal("this test must be run as root")
	default:
		t.Skip("run this test as root")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(openFolder(t), "rdiostress")
	from, err := os.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(program, os.O_WRONLY|os.O_CREATE, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	// A program that measures coverage writes that down at its end, and says so where it cannot.
	coverage := openFolder(t)
	if err := os.Chmod(coverage, 0o777); err != nil {
		t.Fatal(err)
	}
	return func(args ...string) *exec.Cmd {
		cmd := exec.Command(program, args...)
		cmd.Env = append(os.Environ(), "GOCOVERDIR="+coverage)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		cmd.Dir = "/"
		return cmd
	}
}

// openFolder is a folder that other users can get into.
func openFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rdiostress-open-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// giveTo gives a folder and all in it to a user.
func giveTo(t *testing.T, uid int, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, uid, uid))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// refusedStart runs a serve command that must end with exit code 3, and returns what it says.
func refusedStart(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	errs := &strings.Builder{}
	cmd.Stderr = errs
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := out.Read(make([]byte, 1)); n > 0 {
		t.Error("it serves")
		_ = cmd.Process.Kill()
	}
	var failed *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &failed) || failed.ExitCode() != exitNoRun {
		t.Errorf("ended with %v, want exit code 3", err)
	}
	return errs.String()
}

// A database that this user cannot write is found at the start, for whatever reason, and the hint is about that reason.
func TestServeCannotWrite(t *testing.T) {
	as := unprivileged(t)
	in := func(dir, name string) string { return filepath.Join(dir, name) }
	chmod := func(name string, mode os.FileMode) func(*testing.T, string) error {
		return func(_ *testing.T, dir string) error { return os.Chmod(in(dir, name), mode) }
	}
	toRoot := func(name string) func(*testing.T, string) error {
		return func(_ *testing.T, dir string) error { return os.Chown(in(dir, name), 0, 0) }
	}
	tests := []struct {
		name    string
		spoil   func(t *testing.T, dir string) error
		hint    string // with the data folder as DIR
		stopped bool   // with the log moved into the database
	}{
		{
			"database of another owner", toRoot("rdiostress.db"),
			"DIR/rdiostress.db belongs to root, and this server runs as nobody: chown", false,
		},
		{"log of another owner", toRoot("rdiostress.db-wal"), "DIR/rdiostress.db-wal belongs to root", false},
		{"lock of another owner", toRoot("lock.db"), "DIR/lock.db belongs to root", false},
		{"audio folder of another owner", toRoot("audio"), "DIR/audio belongs to root", false},
		{"spool folder of another owner", toRoot("spool"), "DIR/spool belongs to root", false},
		{"folder of another owner", toRoot("."), "DIR belongs to root", false},
		{
			"mode of the database", chmod("rdiostress.db",
				0o444), "DIR/rdiostress.db has the mode 0444: chmod -R u+w DIR",
			false,
		},
		{"mode of the log", chmod("rdiostress.db-wal", 0o444), "DIR/rdiostress.db-wal has the mode 0444", false},
		{"mode of the folder", chmod(".", 0o555), "DIR has the mode 0555", true},
		{"read-only mount", func(t *testing.T, dir string) error {
			mount(t, dir, dir, "", syscall.MS_BIND, "")
			t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
			mount(t, dir, dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
			return nil
		}, "DIR is on a file system that is mounted read only: remount it", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(openFolder(t), "data")
			s := startLoggedServe(t, ownProgram(t), dir)
			acked := &acknowledged{sums: make(map[string]string)}
			for n := range 4 {
				if err := s.upload(t, n, acked); err != nil {
					t.Fatal(err)
				}
			}
			if tt.stopped {
				_ = s.cmd.Process.Signal(syscall.SIGTERM)
				_ = s.cmd.Wait()
			}
			s.kill() // so that its log stays
			giveTo(t, nobody, dir)
			if err := tt.spoil(t, dir); err != nil {
				t.Fatal(err)
			}
			errs := refusedStart(t, as("serve", "--listen", "127.0.0.1:0", "--data-dir", dir))
			_, hint, _ := strings.Cut(errs, "rdiostress: hint: ")
			if want := strings.ReplaceAll(tt.hint, "DIR", dir); !strings.HasPrefix(hint, want) ||
				strings.Count(errs, "\n") != 2 {
				t.Errorf("said %swant the hint %s", errs, want)
			}
		})
	}
}
