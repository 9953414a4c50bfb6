// Package pgtest gives tests a real PostgreSQL: the server that RDIOSTRESS_TEST_DATABASE names, or a throw-away cluster
// of the test's own where PostgreSQL's programs are installed. It is for tests only.
package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rdiostress/internal/testenv"
)

// Variable names a PostgreSQL server to test on, as a URL whose user may create databases.
const Variable = "RDIOSTRESS_TEST_DATABASE"

// Server is a PostgreSQL server for tests.
type Server struct{ url string }

// Open returns the server that Variable names, or one of the test's own. Without either the test is skipped, and says
// what to install.
func Open(t testing.TB) *Server {
	t.Helper()
	if u := os.Getenv(Variable); u != "" {
		return &Server{url: u}
	}
	return &Server{url: Start(t).URL()}
}

// Database makes an empty database, and returns its URL. It is dropped when the test ends.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := "rdiostress_" + strings.ToLower(rand.Text())
	s.exec(t, "CREATE DATABASE "+name)
	t.Cleanup(func() { s.exec(t, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatalf("%s: %v", Variable, err)
	}
	u.Path = "/" + name
	return u.String()
}

func (s *Server) exec(t testing.TB, statement string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // which has ended when tests clean up
	conn, err := pgx.Connect(ctx, s.url)
	if err == nil {
		_, err = conn.Exec(ctx, statement)
		err = errors.Join(err, conn.Close(ctx))
	}
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Cluster is a PostgreSQL server of the test's own, which it may stop and kill.
type Cluster struct {
	dir      string
	postgres string
	port     int
	options  []string
	cmd      *exec.Cmd
	crashed  bool // its processes may still be ending
}

// Start makes a cluster in a temporary folder and starts it on a loopback port. It ends with the test. The settings,
// such as "max_connections=20", come on top of PostgreSQL's own.
func Start(t testing.TB, settings ...string) *Cluster {
	t.Helper()
	initdb, postgres := program(t, "initdb"), program(t, "postgres")
	dir, err := os.MkdirTemp("", "rdiostress-pg-") // not t.TempDir, which another user cannot get into
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	c := &Cluster{dir: dir, postgres: postgres, options: settings}
	if err := c.giveAway(); err != nil {
		t.Fatal(err)
	}
	args := []string{"-D", c.data(), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"}
	init := exec.CommandContext(t.Context(), initdb, args...)
	if out, err := c.as(init).CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	t.Cleanup(func() { c.Stop(t) })
	c.Start(t)
	return c
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// URL is where the cluster's database "postgres" can be reached. It stays the same over Stop and Start.
func (c *Cluster) URL() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres", c.port)
}

// Server returns the cluster as a Server, which makes databases.
func (c *Cluster) Server() *Server { return &Server{url: c.URL()} }

// Start starts the cluster after Stop or Kill, and returns when it takes connections.
func (c *Cluster) Start(t testing.TB) {
	t.Helper()
	for try := 0; ; try++ {
		fresh := c.port == 0
		if fresh {
			c.port = freePort(t)
		}
		err := c.start(t)
		if err == nil {
			c.crashed = false
			return
		}
		if c.crashed && try < 100 {
			time.Sleep(100 * time.Millisecond) // it refuses to start beside processes that are left of it
			continue
		}
		if !fresh || try == 3 {
			log, _ := os.ReadFile(c.logPath())
			t.Fatalf("postgres: %v\n%s", err, log)
		}
		c.port = 0 // somebody was faster
	}
}

func (c *Cluster) logPath() string { return filepath.Join(c.dir, "log") }

func (c *Cluster) start(t testing.TB) error {
	args := []string{"-D", c.data(), "-p", strconv.Itoa(c.port), "-k", c.dir, "-c", "listen_addresses=127.0.0.1"}
	for _, o := range c.options {
		args = append(args, "-c", o)
	}
	log, err := os.OpenFile(c.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	c.cmd = c.as(exec.Command(c.postgres, args...))
	c.cmd.Stdout, c.cmd.Stderr = log, log
	if err := c.cmd.Start(); err != nil {
		c.cmd = nil
		return err
	}
	gone := make(chan struct{})
	go func() {
		_, _ = c.cmd.Process.Wait() // how it ended is in its log
		close(gone)
	}()
	deadline := time.Now().Add(60 * time.Second)
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		ctx := context.WithoutCancel(t.Context())
		conn, err := pgx.Connect(ctx, c.URL())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-gone:
			return errors.New("it has ended")
		default:
		}
		if time.Now().After(deadline) {
			return err
		}
	}
}

// Demote makes the cluster a standby, which can only be read, as one is that was the primary before a failover.
func (c *Cluster) Demote(t testing.TB) {
	t.Helper()
	c.Stop(t)
	path := filepath.Join(c.data(), "standby.signal")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	c.Start(t)
}

// Promote makes a standby the primary.
func (c *Cluster) Promote(t testing.TB) {
	t.Helper()
	c.Server().exec(t, "SELECT pg_promote()")
}

// Stop stops the cluster as an administrator would: connections are cut, what is committed is there after Start.
func (c *Cluster) Stop(t testing.TB) { c.end(t, os.Interrupt) }

// Kill has the cluster end at once, without writing down what only its log has.
func (c *Cluster) Kill(t testing.TB) { c.end(t, immediate) }

// Crash kills the cluster's first process outright, so that nothing of it ends in order: the others notice and leave,
// and Start recovers what was committed.
func (c *Cluster) Crash(t testing.TB) {
	t.Helper()
	if c.cmd == nil {
		return
	}
	if err := c.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	c.cmd, c.crashed = nil, true
}

func (c *Cluster) end(t testing.TB, sig os.Signal) {
	t.Helper()
	if c.cmd == nil {
		return
	}
	_ = c.cmd.Process.Signal(sig) // fails if it has ended
	c.cmd = nil
	deadline := time.Now().Add(60 * time.Second)
	for tick := time.NewTicker(5 * time.Millisecond); ; <-tick.C {
		// The last thing that PostgreSQL does.
		if _, err := os.Stat(filepath.Join(c.data(), "postmaster.pid")); errors.Is(err, fs.ErrNotExist) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("postgres does not end")
		}
	}
}

// freePort finds a loopback port that nobody listens on.
func freePort(t testing.TB) int {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

// program finds one of the server's programs, which Debian keeps out of the PATH.
func program(t testing.TB, name string) string {
	t.Helper()
	places, _ := filepath.Glob(filepath.Join("/usr/lib/postgresql/*/bin", name))
	if len(places) > 0 {
		return slices.Max(places)
	}
	return testenv.Program(t, name, "postgresql (or set "+Variable+")")
}

// User makes a user that owns a database, and returns the URL by which it connects, and a function that runs statements
// there as the administrator. The user goes with the test.
func (s *Server) User(t testing.TB, database string) (user string, exec func(statement string)) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	name, password := "rdiostress_"+strings.ToLower(rand.Text()), rand.Text()
	s.exec(t, "CREATE ROLE "+name+" LOGIN PASSWORD '"+password+"'")
	admin := &Server{url: database}
	t.Cleanup(func() {
		admin.exec(t, "REASSIGN OWNED BY "+name+" TO CURRENT_USER; DROP OWNED BY "+name)
		s.exec(t, "ALTER DATABASE "+u.Path[1:]+" OWNER TO CURRENT_USER")
		s.exec(t, "DROP ROLE "+name)
	})
	s.exec(t, "ALTER DATABASE "+u.Path[1:]+" OWNER TO "+name)
	u.User = url.UserPassword(name, password)
	return u.String(), func(statement string) {
		t.Helper()
		admin.exec(t, statement)
	}
}
