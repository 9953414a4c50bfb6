package observe

import (
	"os"
	"runtime"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// wantProcessors is the variable that tells this test, run again on one processor, how many the machine has.
const wantProcessors = "RDIOSTRESS_TEST_PROCESSORS"

// A generator that is restricted to one processor sees all processors that the server can use.
func TestProcessorsOfTheMachine(t *testing.T) {
	if want := os.Getenv(wantProcessors); want != "" {
		if got := strconv.Itoa(processors(t.Context())); got != want || runtime.NumCPU() != 1 {
			t.Errorf("%s processors, %d of them for this process; want %s and 1", got, runtime.NumCPU(), want)
		}
		return
	}
	all := processors(t.Context())
	if all < runtime.NumCPU() {
		t.Fatalf("%d processors, and %d of them for this process", all, runtime.NumCPU())
	}
	onOne := again(t, wantProcessors, strconv.Itoa(all))
	var may, one unix.CPUSet
	runtime.LockOSThread() // never unlocked: the thread ends with this goroutine, and only the child is restricted
	if err := unix.SchedGetaffinity(0, &may); err != nil {
		t.Fatal(err)
	}
	for cpu := range len(may) * strconv.IntSize {
		if may.IsSet(cpu) {
			one.Set(cpu)
			break
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	if out, err := onOne.CombinedOutput(); err != nil {
		t.Errorf("on one processor: %v: %s", err, out)
	}
}
