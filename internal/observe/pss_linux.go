package observe

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// proportional returns a process's proportional memory; an ended process has none.
func proportional(pid int32) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	switch {
	case errors.Is(err, syscall.ESRCH), errors.Is(err, fs.ErrNotExist) && !exists(pid):
		return 0, nil
	case err != nil:
		return 0, err
	}
	return parsePSS(text)
}

func exists(pid int32) bool {
	_, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
	return err == nil
}

// parsePSS finds the proportional set size in a smaps_rollup file, in bytes. The file of a process that is just ending
// is empty.
func parsePSS(text []byte) (float64, error) {
	for line := range bytes.Lines(text) {
		rest, ok := bytes.CutPrefix(line, []byte("Pss:"))
		if !ok {
			continue
		}
		fields := bytes.Fields(rest)
		if len(fields) != 2 || string(fields[1]) != "kB" {
			return 0, fmt.Errorf("%q is not a size", bytes.TrimSpace(line))
		}
		kB, err := strconv.ParseUint(string(fields[0]), 10, 54)
		return float64(kB) * 1024, err
	}
	if len(bytes.TrimSpace(text)) > 0 {
		return 0, errors.New("no Pss in smaps_rollup")
	}
	return 0, nil
}
