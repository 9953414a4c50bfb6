package testenv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ProcessorGroup makes a control group that allows its processes a part of a processor, of periods of 100 ms, and a
// group in it that sets no limit, to which the returned function moves a process. That takes root and a file system of
// control groups that can be written. Without them the test is skipped, also where Strict is set, since nothing that
// could be installed provides them.
func ProcessorGroup(t testing.TB, processors float64) (move func(pid int)) {
	t.Helper()
	parent, dir, err := processorGroup(fmt.Sprintf("rdiostress-test-%d", os.Getpid()), processors)
	for _, made := range []string{parent, dir} {
		if made != "" {
			t.Cleanup(func() { _ = os.Remove(made) }) // the last one first
		}
	}
	if err != nil {
		t.Skipf("this test needs root, and control groups that can be written: %v", err)
	}
	return func(pid int) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), fmt.Append(nil, pid), 0); err != nil {
			t.Fatal(err)
		}
	}
}

// processorGroup makes the two groups, and returns what it has made.
func processorGroup(name string, processors float64) (parent, dir string, err error) {
	const root, period = "/sys/fs/cgroup", 100_000
	quota := int64(processors * period)
	files := map[string]string{"cpu.max": fmt.Sprintf("%d %d", quota, period)}
	top := root
	if controllers, err := os.ReadFile(filepath.Join(root, "cgroup.controllers")); err == nil {
		if !strings.Contains(string(controllers), "cpu") {
			return "", "", errors.New("its cgroup has no controller of processors")
		}
		if err := os.WriteFile(filepath.Join(root, "cgroup.subtree_control"), []byte("+cpu"), 0); err != nil {
			return "", "", err
		}
	} else {
		top = filepath.Join(root, "cpu") // of version 1
		files = map[string]string{"cpu.cfs_quota_us": fmt.Sprint(quota)}
	}
	made := filepath.Join(top, name)
	if err := os.Mkdir(made, 0o755); err != nil {
		return "", "", err
	}
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(made, file), []byte(text), 0); err != nil {
			return made, "", err
		}
	}
	inner := filepath.Join(made, "inner")
	if err := os.Mkdir(inner, 0o755); err != nil {
		return made, "", err
	}
	return made, inner, nil
}
