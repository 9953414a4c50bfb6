package discover

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// find reads what /proc shows about a process.
func find(_ context.Context, pid int32) (*process, error) {
	base := fmt.Sprintf("/proc/%d", pid)
	fds, err := os.ReadDir(base + "/fd")
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, ErrForbidden
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("there is no such process")
	case err != nil:
		return nil, fmt.Errorf("its open files: %w", err)
	}
	p := &process{pid: pid, args: texts(base + "/cmdline"), env: texts(base + "/environ")}
	p.dir, _ = os.Readlink(base + "/cwd") // empty if it cannot be read
	exe, _ := os.Readlink(base + "/exe")
	p.exe = strings.TrimSuffix(exe, " (deleted)") // for example after an upgrade
	view, err := os.Readlink(base + "/ns/mnt")
	own, err2 := os.Readlink("/proc/self/ns/mnt")
	if err != nil || err2 != nil || view != own || !sameFile("/", base+"/root") {
		p.root = base + "/root"
	}
	for _, fd := range fds {
		file := p.open(filepath.Join(base, "fd", fd.Name()))
		if file == "" {
			continue
		}
		if fd.Name() == "1" || fd.Name() == "2" {
			p.outputs = append(p.outputs, file)
		}
		if !slices.Contains(p.files, file) {
			p.files = append(p.files, file)
		}
	}
	if p.dir != "" {
		p.dir = p.outside(p.dir)
	}
	return p, nil
}

// open returns the regular file of a descriptor; empty if it is something else, or a deleted file.
func (p *process) open(fd string) string {
	path, err := os.Readlink(fd)
	if err != nil || !filepath.IsAbs(path) {
		return ""
	}
	if info, err := os.Stat(fd); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	for _, path := range []string{path, p.root + path} {
		if sameFile(path, fd) {
			return path
		}
	}
	return ""
}

// texts reads a file of zero-terminated strings.
func texts(path string) []string {
	data, err := os.ReadFile(path)
	if err != nil || len(data) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
}
