//go:build unix

package process

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

// starterVariable makes this test's program one that starts a group and waits for it.
const starterVariable = "PROCESS_TEST_STARTER"

func TestMain(m *testing.M) {
	if os.Getenv(starterVariable) != "" {
		runtime.LockOSThread()
		cmd := exec.CommandContext(context.Background(), "sleep", "3600")
		if err := NewGroup(cmd).Start(); err != nil {
			panic(err)
		}
		fmt.Println(cmd.Process.Pid)
		_ = cmd.Wait()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// waitUntilGone waits until a process has ended.
func waitUntilGone(t *testing.T, pid int) {
	t.Helper()
	p, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); Alive(p); <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d is still there", pid)
		}
	}
}

// A group is killed with its command's context, and what the command left is killed at the end.
func TestGroupEnds(t *testing.T) {
	for name, script := range map[string]string{
		"context": "sleep 3600 & echo $!; wait", "end": "sleep 3600 >/dev/null & echo $!",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		cmd := exec.CommandContext(ctx, "sh", "-c", script)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		g := NewGroup(cmd)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := g.Start(); err != nil {
			t.Fatal(err)
		}
		var child int
		if _, err := fmt.Fscanln(out, &child); err != nil {
			t.Fatal(err)
		}
		if name == "context" {
			cancel()
		} else if _, err := io.Copy(io.Discard, out); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); (name == "context") != (err != nil) {
			t.Errorf("%s: %v", name, err)
		}
		g.End()
		waitUntilGone(t, child)
	}
}

// A command ends with the process that has started it, even if that is killed.
func TestGroupEndsWithItsStarter(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux can do that")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	starter := exec.Command(exe)
	starter.Env = append(os.Environ(), starterVariable+"=1")
	out, err := starter.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := starter.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscanln(out, &pid); err != nil {
		t.Fatal(err)
	}
	if err := starter.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = starter.Wait() // says that it was killed
	waitUntilGone(t, pid)
}
