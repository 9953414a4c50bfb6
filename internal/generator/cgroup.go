package generator

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Why there is no quota.
var (
	errNoGroups = errors.New("this system shows no control groups for processors")
	errOutside  = errors.New("its control group cannot be seen from inside this container")
)

// group is a control group that can limit the processor time of its processes, and of those in groups below it.
type group struct {
	dir string // in the file system
	v1  bool
}

// throttling is how often, and for how long, the processes of a group were kept from running, since it was made.
type throttling struct {
	periods int64         // in which they were kept from running
	time    time.Duration // on each processor, added up
}

// maxFile is how much is read of a file: those of a kernel are short.
const maxFile = 1 << 20

func readFile(system fs.FS, name string) (string, error) {
	f, err := system.Open(strings.TrimPrefix(path.Clean(name), "/"))
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile))
	return string(text), err
}

// findGroups returns the control groups of this process and all groups above them that can be seen, in a file system
// that begins at "/".
func findGroups(system fs.FS) ([]group, error) {
	own, err := readFile(system, "proc/self/cgroup")
	if err != nil {
		return nil, errNoGroups
	}
	mounts, err := readFile(system, "proc/self/mountinfo")
	if err != nil {
		return nil, errNoGroups
	}
	var groups []group
	isOutside := false
	for _, m := range parseMounts(mounts) {
		at, ok := groupPath(own, m.v1)
		if !ok {
			continue
		}
		below, ok := relative(at, m.root)
		if !ok {
			isOutside = true
			continue
		}
		for dir := path.Join(m.at, below); ; dir = path.Dir(dir) {
			groups = append(groups, group{dir, m.v1})
			if dir == m.at || dir == "/" || dir == "." {
				break
			}
		}
	}
	switch {
	case len(groups) > 0:
		return groups, nil
	case isOutside:
		return nil, errOutside
	default:
		return nil, errNoGroups
	}
}

// mount is a file system of control groups.
type mount struct {
	root string // the group that is at its top
	at   string // where it is mounted
	v1   bool
}

// parseMounts finds the file systems of control groups for processors in /proc/self/mountinfo.
func parseMounts(text string) (found []mount) {
	for line := range strings.Lines(text) {
		before, after, ok := strings.Cut(strings.TrimSpace(line), " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(kind) < 1 {
			continue
		}
		m := mount{root: unescape(fields[3]), at: unescape(fields[4])}
		switch {
		case kind[0] == "cgroup2":
		case kind[0] == "cgroup" && len(kind) >= 3 && hasWord(kind[2], "cpu"):
			m.v1 = true
		default:
			continue
		}
		if path.IsAbs(m.root) && path.IsAbs(m.at) {
			m.root, m.at = path.Clean(m.root), path.Clean(m.at)
			found = append(found, m)
		}
	}
	return found
}

// groupPath finds the path of the group of processors in /proc/self/cgroup.
func groupPath(text string, v1 bool) (string, bool) {
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(fields) != 3 || !path.IsAbs(fields[2]) {
			continue
		}
		if v1 && hasWord(fields[1], "cpu") || !v1 && fields[0] == "0" && fields[1] == "" {
			return fields[2], true
		}
	}
	return "", false
}

// relative returns the path of a group below another, or false if it is not below it. A path that leads upwards is that
// of a group outside of the container.
func relative(group, root string) (string, bool) {
	if group == "/.." || strings.HasPrefix(group, "/../") {
		return "", false
	}
	group = path.Clean(group)
	if root == "/" {
		return group, true
	}
	below, ok := strings.CutPrefix(group, root)
	if !ok || below != "" && below[0] != '/' {
		return "", false
	}
	return below, true
}

// hasWord reports whether a list with commas has a word.
func hasWord(list, word string) bool { return slices.Contains(strings.Split(list, ","), word) }

// unescape replaces the escapes of mountinfo, such as \040 for a space.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				out.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// quota returns how many processors a group allows in a period. It reports false if the group has no quota.
func (g group) quota(system fs.FS) (processors float64, period time.Duration, ok bool) {
	var text string
	var err error
	if g.v1 {
		quota, qerr := readFile(system, path.Join(g.dir, "cpu.cfs_quota_us"))
		every, perr := readFile(system, path.Join(g.dir, "cpu.cfs_period_us"))
		text, err = quota+" "+every, errors.Join(qerr, perr)
	} else {
		text, err = readFile(system, path.Join(g.dir, "cpu.max"))
	}
	if err != nil {
		return 0, 0, false
	}
	return parseQuota(text)
}

// parseQuota reads a quota and its period, both in microseconds.
func parseQuota(text string) (processors float64, period time.Duration, ok bool) {
	fields := strings.Fields(text)
	if len(fields) != 2 {
		return 0, 0, false
	}
	quota, qerr := strconv.ParseInt(fields[0], 10, 64) // "max" or -1 is none
	every, perr := strconv.ParseInt(fields[1], 10, 32)
	if qerr != nil || perr != nil || quota <= 0 || every <= 0 {
		return 0, 0, false
	}
	return float64(quota) / float64(every), time.Duration(every) * time.Microsecond, true
}

// throttling returns how much a group was throttled. It reports false if that cannot be read.
func (g group) throttling(system fs.FS) (throttling, bool) {
	text, err := readFile(system, path.Join(g.dir, "cpu.stat"))
	if err != nil {
		return throttling{}, false
	}
	return parseThrottling(text)
}

// parseThrottling reads cpu.stat of either version. It reports false without a count of throttled periods.
func parseThrottling(text string) (t throttling, ok bool) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 {
			continue
		}
		switch name {
		case "nr_throttled":
			t.periods, ok = n, true
		case "throttled_usec":
			t.time = time.Duration(min(n, int64(1<<63-1)/1000)) * time.Microsecond
		case "throttled_time": // of version 1, in nanoseconds
			t.time = time.Duration(n)
		}
	}
	return t, ok
}
