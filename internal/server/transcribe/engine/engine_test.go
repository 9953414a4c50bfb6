package engine_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/process"
	"rdiostress/internal/server/transcribe"
	"rdiostress/internal/server/transcribe/engine"
)

// commandVariable makes this test's program the command of an engine.
const commandVariable = "ENGINE_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(commandVariable) != "" {
		os.Exit(command(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// command is what the engines of the tests run.
func command(args []string) int {
	switch args[0] {
	case "digest": // FILE
		file, err := os.ReadFile(args[1])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Printf("  %s %x\x00\x1b\r\n\xff second line\n\n", filepath.Base(args[1]), sha256.Sum256(file))
	case "arguments":
		fmt.Printf("%q", args[1:])
	case "environment":
		fmt.Println(strings.Join(os.Environ(), "\n"))
	case "fail":
		fmt.Println("half a text")
		fmt.Fprint(os.Stderr, strings.Repeat("loading the model\n", 1000), "\x1b[1mout of memory\x1b[0m\r\n\n")
		return 3
	case "flood":
		for {
			_, _ = os.Stdout.Write(make([]byte, 1<<16)) // goes on when nobody reads any more
		}
	case "hang": // PIDS, and it does not end by itself
		startChild(args[1])
		select {}
	case "leave": // PIDS
		startChild(args[1])
		fmt.Println("done")
	case "child":
		time.Sleep(time.Hour)
	}
	return 0
}

// startChild starts a process that holds the output open, and writes the ids of both into a file.
func startChild(pids string) {
	child := exec.Command(os.Args[0], "child")
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Start(); err != nil {
		panic(err)
	}
	text := fmt.Sprintf("%d %d\n", os.Getpid(), child.Process.Pid)
	if err := os.WriteFile(pids+".new", []byte(text), 0o600); err != nil {
		panic(err)
	}
	if err := os.Rename(pids+".new", pids); err != nil {
		panic(err)
	}
}

// newExec makes an engine of this test's program.
func newExec(t *testing.T, args string, o engine.Options) transcribe.Engine {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	o.Environ = append(slices.Clone(o.Environ), commandVariable+"=1")
	return newEngine(t, "exec:'"+exe+"' "+args, o)
}

func newEngine(t *testing.T, spec string, o engine.Options) transcribe.Engine {
	t.Helper()
	s, err := engine.Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	e, err := s.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := e.(io.Closer); ok {
		t.Cleanup(func() {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	return e
}

// recording returns audio of some bytes.
func recording(id int64, content []byte) transcribe.Audio {
	return transcribe.Audio{
		CallID: id, Name: "../20261201_call.M4A", Type: "audio/mp4", Size: int64(len(content)),
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
	}
}

// The command gets the audio as it is, in a file that has nothing of the upload but the extension, and that is gone
// afterwards. What cannot be stored is not in the text.
func TestExecTranscribes(t *testing.T) {
	dir := t.TempDir()
	e := newExec(t, "digest", engine.Options{Dir: dir})
	content := bytes.Repeat([]byte("audio"), 100_000)
	got, err := e.Transcribe(t.Context(), recording(17, content))
	want := fmt.Sprintf("call-17.m4a %x\n\uFFFD second line", sha256.Sum256(content))
	if err != nil || got.Text != want || got.Language != "" {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("the engine left %v, %v", left, err)
	}
	if !strings.HasPrefix(e.Name(), "exec:") || strings.ContainsAny(e.Name(), `/\`) {
		t.Errorf("it is called %q", e.Name())
	}
}

// Quotes hold a word together, {file} stands anywhere in an argument, and no shell reads anything.
func TestExecArguments(t *testing.T) {
	e := newExec(t, `arguments 'two words' "" a"b c"d $HOME ; \x --in={file} {file}`, engine.Options{Dir: t.TempDir()})
	got, err := e.Transcribe(t.Context(), recording(1, nil))
	if err != nil || !strings.HasPrefix(got.Text, `["two words" "" "ab cd" "$HOME" ";" "\\x" "--in=`) ||
		strings.Count(got.Text, "call-1.m4a") != 2 {
		t.Errorf("%s, %v", got.Text, err)
	}
}

// Keys, passwords and addresses of databases stay with the server. What a program needs, it gets.
func TestExecEnvironment(t *testing.T) {
	secrets := []string{
		"RDIOSTRESS_API_KEY=s3cret", "RDIOSTRESS_DATABASE_URL=s3cret", "PGPASSWORD=s3cret", "PGPASSFILE=s3cret",
		"OPENAI_API_KEY=s3cret", "AWS_SECRET_ACCESS_KEY=s3cret", "hf_token=s3cret", "MYSQL_PWD=s3cret",
		"DATABASE_URL=postgres://user:s3cret@host/calls", "CONN=host=db password=s3cret", "SSH_AUTH_SOCK=s3cret",
	}
	kept := []string{"CUDA_VISIBLE_DEVICES=0", "KEYBOARD=us", "HF_HOME=/models", "PWD=/", "MONKEY=1"}
	e := newExec(t, "environment", engine.Options{
		Dir: t.TempDir(), Environ: slices.Concat(os.Environ(), secrets, kept),
	})
	got, err := e.Transcribe(t.Context(), recording(1, nil))
	if err != nil || strings.Contains(got.Text, "s3cret") {
		t.Errorf("the command knows a secret: %v, %s", err, got.Text)
	}
	for _, entry := range kept {
		if !slices.Contains(strings.Fields(got.Text), entry) && entry != "PWD=/" { // a program may have its own
			t.Errorf("the command lacks %s", entry)
		}
	}
}

// What is wrong is said in one line, with what the command said last.
func TestExecFails(t *testing.T) {
	e := newExec(t, "fail", engine.Options{Dir: t.TempDir()})
	_, err := e.Transcribe(t.Context(), recording(1, nil))
	if err == nil || !strings.HasSuffix(err.Error(), "exit status 3: [1mout of memory[0m") {
		t.Errorf("%v", err)
	}
	if permanent := new(transcribe.PermanentError); errors.As(err, &permanent) {
		t.Error("a command that failed once is not tried again")
	}
	short := recording(1, []byte("four"))
	short.Size = 5
	if _, err := e.Transcribe(t.Context(), short); err == nil || !strings.Contains(err.Error(), "has 4 bytes, not 5") {
		t.Errorf("%v", err)
	}
	lost := recording(1, nil)
	lost.Open = func(context.Context) (io.ReadCloser, error) { return nil, os.ErrNotExist }
	if _, err := e.Transcribe(t.Context(), lost); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	for spec, want := range map[string]string{
		"exec:no-such-command-as-this": "cannot find the command no-such-command-as-this",
	} {
		s, err := engine.Parse(spec)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.New(engine.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", spec, err, want)
		}
	}
}

// A command that writes without end is stopped, and is not tried again.
func TestExecOutputIsBounded(t *testing.T) {
	e := newExec(t, "flood", engine.Options{Dir: t.TempDir(), Timeout: time.Minute})
	_, err := e.Transcribe(t.Context(), recording(1, nil))
	if permanent := new(transcribe.PermanentError); !errors.As(err, &permanent) ||
		!strings.Contains(err.Error(), "more than 1 MiB") {
		t.Errorf("%v", err)
	}
}

// waitForPIDs waits until a command has written the ids of its processes, and returns them.
func waitForPIDs(t *testing.T, file string) (processes []*os.Process) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; <-time.After(time.Millisecond) {
		text, err := os.ReadFile(file)
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		for _, word := range strings.Fields(string(text)) {
			pid, err := strconv.Atoi(word)
			if err != nil {
				t.Fatal(err)
			}
			p, err := os.FindProcess(pid)
			if err != nil {
				t.Fatal(err)
			}
			processes = append(processes, p)
		}
		if err == nil {
			return processes
		}
	}
}

// checkGone checks that processes end.
func checkGone(t *testing.T, processes []*os.Process) {
	t.Helper()
	if len(processes) != 2 {
		t.Errorf("%d processes", len(processes))
	}
	for _, p := range processes {
		for deadline := time.Now().Add(time.Minute); process.Alive(p); <-time.After(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("process %d is still there", p.Pid)
			}
		}
	}
}

// When its time is up, when the server stops, and when it has ended by itself, nothing of a command is left, neither a
// process nor a file.
func TestExecLeavesNothing(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process id says nothing about a process that has ended there")
	}
	dir := t.TempDir()
	pids := filepath.Join(t.TempDir(), "pids")
	clean := func() {
		t.Helper()
		checkGone(t, waitForPIDs(t, pids))
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("the engine left %v, %v", left, err)
		}
		if err := os.Remove(pids); err != nil {
			t.Error(err)
		}
	}

	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := newExec(t, "hang "+pids, engine.Options{Dir: dir}).Transcribe(ctx, recording(1, nil))
		failed <- err
	}()
	waitForPIDs(t, pids)
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	clean()

	got, err := newExec(t, "leave "+pids, engine.Options{Dir: dir}).Transcribe(t.Context(), recording(1, nil))
	if err != nil || got.Text != "done" {
		t.Errorf("%q, %v", got, err)
	}
	clean()

	_, err = newExec(t, "hang "+pids, engine.Options{Dir: dir, Timeout: 500 * time.Millisecond}).
		Transcribe(t.Context(), recording(1, nil))
	if !errors.Is(err, context.DeadlineExceeded) || !strings.HasSuffix(err.Error(), "no transcript within 500ms") {
		t.Errorf("%v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("the engine left %v, %v", left, err)
	}
}

// What a server that was killed left behind is deleted by the next.
func TestExecSweeps(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "rdiostress-transcribe-1", "deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "other"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	newExec(t, "digest", engine.Options{Dir: dir})
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "other" {
		t.Errorf("%v, %v", left, err)
	}
}
