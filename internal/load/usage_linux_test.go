package load

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// The generator's memory is its own, however large the process is that has started it.
func TestUsageOfAChild(t *testing.T) {
	const isChild, word = "RDIOSTRESS_TEST_USAGE_CHILD", "rss="
	if os.Getenv(isChild) != "" {
		rss := memory()
		fmt.Println(word, rss>>20)
		return
	}
	ballast := make([]byte, 400<<20)
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1 // so that it is there
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestUsageOfAChild$", "-test.v")
	cmd.Env = append(os.Environ(), isChild+"=1")
	out, err := cmd.Output()
	runtime.KeepAlive(ballast)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(out), word)
	var mb int
	if _, err := fmt.Sscan(rest, &mb); err != nil || mb < 1 || mb > 200 {
		t.Errorf("a child has taken %d MB, %v", mb, err)
	}
}
