// Package mariadbtest starts MariaDB servers for tests. It is for tests only.
package mariadbtest

import (
	"bytes"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql" // registers the driver "mysql"

	"rdiostress/internal/testenv"
)

// Start starts a MariaDB of the test's own, and returns the URL of an empty database in it.
func Start(t testing.TB) string {
	t.Helper()
	// where Debian has it
	if err := os.Setenv("PATH", os.Getenv("PATH")+string(os.PathListSeparator)+"/usr/sbin"); err != nil {
		t.Fatal(err)
	}
	install := testenv.Program(t, "mariadb-install-db", "mariadb-server")
	server := testenv.Program(t, "mariadbd", "mariadb-server")
	dir := t.TempDir()
	data, socket := filepath.Join(dir, "data"), filepath.Join(dir, "socket")
	args := []string{"--no-defaults", "--datadir=" + data}
	if os.Getuid() == 0 {
		args = append(args, "--user=root")
	}
	if out, err := exec.Command(install, append(args, "--auth-root-authentication-method=normal",
		"--skip-test-db")...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().(*net.TCPAddr)
	_ = ln.Close()
	var log bytes.Buffer
	cmd := exec.Command(
		server,
		append(args, fmt.Sprintf("--port=%d", address.Port), "--bind-address=127.0.0.1", "--socket="+socket,
			"--pid-file="+filepath.Join(dir, "pid"), "--innodb-buffer-pool-size=16M",
			"--innodb-flush-log-at-trx-commit=0")...)
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // there is nothing to keep
		_ = cmd.Wait()
	})
	db, err := sql.Open("mysql", fmt.Sprintf("root@tcp(127.0.0.1:%d)/", address.Port))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	deadline := time.Now().Add(time.Minute)
	for tick := time.NewTicker(20 * time.Millisecond); db.Ping() != nil; <-tick.C {
		if time.Now().After(deadline) {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			t.Fatalf("MariaDB does not answer: %v\n%s", db.Ping(), log.String())
		}
	}
	if _, err := db.Exec("CREATE DATABASE rdio"); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("mysql://root@127.0.0.1:%d/rdio", address.Port)
}

// DSN returns the URL of a database as the driver "mysql" takes it.
func DSN(url string) string {
	return strings.NewReplacer("mysql://", "", "@", "@tcp(", "/", ")/").Replace(url)
}
