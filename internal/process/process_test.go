//go:build unix

package process

import (
	"os/exec"
	"testing"
	"time"
)

// A process is alive until it is killed, and gone before anybody has waited for it.
func TestAlive(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	Detach(cmd)
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // says that it was killed
	if !Alive(cmd.Process) {
		t.Error("a process that runs is said to be gone")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); Alive(cmd.Process); <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a process that was killed is said to be alive")
		}
	}
	_ = cmd.Wait()
	if Alive(cmd.Process) {
		t.Error("a process that was waited for is said to be alive")
	}
}
