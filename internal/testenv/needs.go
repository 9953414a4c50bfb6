// Package testenv finds the programs that tests use and that a user's machine may lack, and has what the tests of
// several packages do with programs and servers. It is for tests only.
package testenv

import (
	"os"
	"os/exec"
	"testing"
)

// Strict is the variable that makes a missing program a failure: CI sets it, so that nothing is skipped there unseen.
const Strict = "RDIOSTRESS_TEST_STRICT"

// Program returns the path of a program. Without it the test is skipped, and the reason says which package to install.
func Program(t testing.TB, name, install string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv(Strict) != "":
		t.Fatalf("%s is not installed, and %s is set: install %s", name, Strict, install)
	default:
		t.Skipf("%s is not installed: install %s for this test", name, install)
	}
	return path
}
