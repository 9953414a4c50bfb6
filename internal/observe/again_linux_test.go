package observe

import (
	"os"
	"os/exec"
	"testing"
)

// again returns a command that runs a test once more, in its own process, where it sees the variable and does what it
// cannot do beside other tests.
func again(t *testing.T, variable, value string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^"+t.Name()+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), variable+"="+value)
	return cmd
}
