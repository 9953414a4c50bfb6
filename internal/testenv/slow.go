package testenv

import "testing"

// Slow skips a test that takes long, or needs a quiet machine, in "make test", which gives -short. "make test-slow"
// runs it.
func Slow(t testing.TB, why string) {
	t.Helper()
	if testing.Short() {
		t.Skip(why + ": make test-slow runs this")
	}
}
