//go:build !linux

package discover

import (
	"context"
	"errors"
	"os"
	"slices"

	ps "github.com/shirou/gopsutil/v4/process"
)

// find reads what the system shows about a process. Not every system shows a process's open files.
func find(ctx context.Context, pid int32) (*process, error) {
	proc, err := ps.NewProcessWithContext(ctx, pid)
	if err != nil {
		return nil, errors.New("there is no such process")
	}
	p := &process{pid: pid}
	var errs [5]error
	p.args, errs[0] = proc.CmdlineSliceWithContext(ctx)
	p.dir, errs[1] = proc.CwdWithContext(ctx)
	p.exe, errs[2] = proc.ExeWithContext(ctx)
	p.env, errs[3] = proc.EnvironWithContext(ctx)
	var files []ps.OpenFilesStat
	files, errs[4] = proc.OpenFilesWithContext(ctx)
	if !slices.Contains(errs[:], nil) {
		return nil, ErrForbidden
	}
	for _, f := range files {
		if info, err := os.Stat(f.Path); err == nil && info.Mode().IsRegular() && !slices.Contains(p.files, f.Path) {
			p.files = append(p.files, f.Path)
		}
	}
	return p, nil
}
