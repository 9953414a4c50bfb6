package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ended runs the program with arguments, and returns its exit code and what it says. It must end soon.
func ended(t *testing.T, stdin string, args ...string) (code int, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t), args...)
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &out
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if ctx.Err() != nil {
		t.Errorf("%v does not end", args)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

func mkfifo(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What would block or never end is refused before it is read.
func TestOddInputs(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, []byte("key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 1<<40); err != nil {
		t.Fatal(err)
	}
	pipe, data := mkfifo(t), filepath.Join(t.TempDir(), "data")
	run := []string{"run", "--url", "http://127.0.0.1:9", "--duration", "1", "--watch", "none"}
	serve := []string{"serve", "--listen", "127.0.0.1:0", "--data-dir", data}
	for _, tt := range []struct {
		command []string
		flag    string
		others  []string
		small   bool // large files are not taken
	}{
		{command: run, flag: "--api-key-file", small: true},
		{command: run, flag: "--scenario", small: true},
		{command: run, flag: "--ca-cert", small: true},
		{command: run, flag: "--client-cert", small: true},
		{command: run, flag: "--verify=sqlite:"},
		{command: serve, flag: "--api-key-file", small: true},
		{command: serve, flag: "--read-key-file", small: true},
		{command: serve, flag: "--redis-password-file", others: []string{"--redis-url", "redis://h"}, small: true},
		{command: serve, flag: "--api-keys", small: true},
		{command: serve, flag: "--tls-cert", others: []string{"--tls-key", pipe}},
		{command: []string{"sink", "--listen", "127.0.0.1:0"}, flag: "--api-key-file", small: true},
		{command: []string{"stt", "--listen", "127.0.0.1:0"}, flag: "--api-key-file", small: true},
		{command: []string{"scenario", "show"}, flag: "--scenario", small: true},
	} {
		for path, want := range map[string]string{
			pipe: "it is a pipe", "/dev/zero": "it is a device",
			large: "it is too large",
		} {
			if path == large && !tt.small {
				continue
			}
			t.Run(tt.command[0]+" "+tt.flag+" "+filepath.Base(path), func(t *testing.T) {
				t.Parallel()
				args := append(append([]string{}, tt.command...), tt.others...)
				if strings.HasSuffix(tt.flag, ":") {
					args = append(args, tt.flag+path)
				} else {
					args = append(args, tt.flag, path)
				}
				want := want
				if tt.flag == "--api-keys" && path != large {
					want = "not a regular file"
				} else if tt.flag == "--api-keys" {
					want = "too large"
				}
				if code, said := ended(t, "", args...); code != exitUsage || !strings.Contains(said, want) {
					t.Errorf("exit code %d, want %d and %q:\n%s", code, exitUsage, want, said)
				}
			})
		}
	}
}

// Keys and scenarios may come from standard input and from pipes that are written into.
func TestInputsFromPipes(t *testing.T) {
	scenario := "rate: 7/s\n"
	pipe := mkfifo(t)
	written := make(chan error, 1)
	go func() { written <- os.WriteFile(pipe, []byte(scenario), 0) }() // waits for the reader
	for _, path := range []string{"-", "/dev/stdin", pipe} {
		code, said := ended(t, scenario, "scenario", "show", "--scenario", path)
		if code != exitOK || !strings.Contains(said, "\nrate: 7 ") {
			t.Errorf("%s: exit code %d\n%s", path, code, said)
		}
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
	code, said := ended(t, "a key\n", "run", "--url", "http://127.0.0.1:9", "--duration", "1", "--watch", "none",
		"--api-key-file", "-")
	if code != exitNoRun || !strings.Contains(said, "nothing listens") {
		t.Errorf("exit code %d\n%s", code, said)
	}
}

// The report is written before the bundled server is stopped, which takes a while in which it could be lost.
func TestReportBeforeServerStops(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	// The program starts itself as a server by its name, which a symbolic link hides.
	binary := filepath.Join(t.TempDir(), "rdiostress")
	if err := os.WriteFile(binary, data, 0o700); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	// A page is less than a report: the program waits in the middle of it.
	const setPipeSize, page = 1031, 4096
	if _, _, e := syscall.Syscall(syscall.SYS_FCNTL, w.Fd(), setPipeSize, page); e != 0 {
		t.Skip(e)
	}
	cmd := exec.CommandContext(t.Context(), binary, "run", "--with-server", "--duration", "1", "--json", "-")
	cmd.Stdout, cmd.Stderr = w, t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }() // the code is the verdict's
	w.Close()
	beginning := make([]byte, page/2)
	if _, err := io.ReadFull(r, beginning); err != nil {
		t.Fatal(err)
	}
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).Find(beginning)
	res, err := http.Get(string(url) + "/ready")
	if err != nil {
		t.Fatalf("the server has stopped before the report was written: %v", err)
	}
	res.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if rest, err := io.ReadAll(r); err != nil || len(rest) < page/2 {
		t.Errorf("%d more bytes, %v", len(rest), err)
	}
}
