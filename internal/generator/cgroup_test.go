package generator

import (
	"io/fs"
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// tree makes a file system of texts.
func tree(files map[string]string) fs.FS {
	system := fstest.MapFS{}
	for name, text := range files {
		system[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return system
}

const (
	mountV2   = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
	mountV1   = "31 23 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
	mountSet  = "32 23 0:30 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
	mountBind = "33 23 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup rw\n"
)

func TestQuota(t *testing.T) {
	const procGroup, procMounts = "proc/self/cgroup", "proc/self/mountinfo"
	for name, tc := range map[string]struct {
		files map[string]string
		want  float64 // 0 is none
		err   error
	}{
		"own": {map[string]string{
			procGroup: "0::/a/b\n", procMounts: mountV2, "sys/fs/cgroup/a/b/cpu.max": "2000 100000\n",
		}, 0.02, nil},
		"of a parent": {map[string]string{
			procGroup: "0::/a/b\n", procMounts: mountV2,
			"sys/fs/cgroup/a/b/cpu.max": "max 100000\n", "sys/fs/cgroup/a/cpu.max": "150000 100000\n",
		}, 1.5, nil},
		"the least of three": {map[string]string{
			procGroup: "0::/a/b\n", procMounts: mountV2, "sys/fs/cgroup/cpu.max": "50000 100000\n",
			"sys/fs/cgroup/a/b/cpu.max": "400000 100000\n", "sys/fs/cgroup/a/cpu.max": "200000 100000\n",
		}, 0.5, nil},
		"none": {map[string]string{
			procGroup: "0::/a\n", procMounts: mountV2, "sys/fs/cgroup/a/cpu.max": "max 100000\n",
		}, 0, nil},
		"version 1": {map[string]string{
			procGroup: "3:cpuset:/x\n2:cpu,cpuacct:/a\n", procMounts: mountSet + mountV1,
			"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us":  "25000\n",
			"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "50000\n",
			"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us":    "-1\n",
			"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us":   "100000\n",
		}, 0.5, nil},
		"both versions": {map[string]string{
			procGroup: "2:cpu,cpuacct:/a\n0::/b\n", procMounts: mountV1 + mountV2,
			"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us":  "25000\n",
			"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "50000\n",
			"sys/fs/cgroup/b/cpu.max":                       "30000 100000\n",
		}, 0.3, nil},
		"a container without a namespace": {map[string]string{
			procGroup: "0::/docker/abc\n", procMounts: mountBind, "sys/fs/cgroup/cpu.max": "70000 100000\n",
		}, 0.7, nil},
		"a space in the mount's name": {map[string]string{
			procGroup: "0::/a\n", procMounts: `30 23 0:26 / /my\040groups rw - cgroup2 cgroup2 rw` + "\n",
			"my groups/a/cpu.max": "90000 100000",
		}, 0.9, nil},
		"outside": {map[string]string{procGroup: "0::/../other\n", procMounts: mountV2}, 0, errOutside},
		"another container's": {map[string]string{
			procGroup: "0::/docker/abcdef\n", procMounts: mountBind, "sys/fs/cgroup/cpu.max": "70000 100000\n",
		}, 0, errOutside},
		"no groups": {map[string]string{procGroup: "0::/\n", procMounts: mountSet}, 0, errNoGroups},
		"no files":  {nil, 0, errNoGroups},
		"damaged": {map[string]string{
			procGroup: "0::/a\n", procMounts: mountV2, "sys/fs/cgroup/a/cpu.max": "0 0\n", "sys/fs/cgroup/cpu.max": "x",
		}, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProcessorTime(tree(tc.files))
			got, ok := p.quota()
			if math.Abs(got-tc.want) > 1e-9 || ok != (tc.want > 0) || p.absent != tc.err {
				t.Errorf("%v, %v, %v; want %v, %v", got, ok, p.absent, tc.want, tc.err)
			}
		})
	}
}

// What a group was throttled before it could first be read is not of the run.
func TestThrottlingBeforeTheFirstReading(t *testing.T) {
	l := limit{group: group{dir: "/g"}}
	l.advance(tree(nil))
	for _, tc := range []struct {
		stat string
		want int64
	}{{"nr_throttled 700\nthrottled_usec 5\n", 0}, {"nr_throttled 702\nthrottled_usec 9\n", 2}} {
		if got := l.advance(tree(map[string]string{"g/cpu.stat": tc.stat})); int64(got.periods) != tc.want {
			t.Errorf("%q: %+v, want %d periods", tc.stat, got, tc.want)
		}
	}
}

func TestThrottling(t *testing.T) {
	for text, want := range map[string]throttling{
		"usage_usec 5\nnr_periods 12\nnr_throttled 7\nthrottled_usec 350000\n": {7, 350 * time.Millisecond},
		"nr_periods 12\nnr_throttled 7\nthrottled_time 350000000\n":            {7, 350 * time.Millisecond},
		"nr_throttled 0\n": {},
	} {
		if got, ok := parseThrottling(text); got != want || !ok {
			t.Errorf("%q: %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "usage_usec 5\n", "nr_throttled -1", "nr_throttled"} {
		if got, ok := parseThrottling(text); ok {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestDelays(t *testing.T) {
	p := &processorTime{system: tree(map[string]string{
		"proc/self/task/7/schedstat": "100 2000000 3\n", "proc/self/task/8/schedstat": "1 5000000 4\n",
		"proc/self/task/9/status": "gone", "proc/self/task/10/schedstat": "1 2\n",
	})}
	before, ok := p.delays()
	if got, want := delaySince(nil, before), (delay{7 * time.Millisecond, 7}); !ok || got != want {
		t.Errorf("%v, %v", got, ok)
	}
	now := map[string]delay{"8": {9 * time.Millisecond, 6}, "11": {2 * time.Millisecond, 1}}
	if got, want := delaySince(before, now), (delay{6 * time.Millisecond, 3}); got != want {
		t.Errorf("since: %v", got)
	}
	if _, ok := (&processorTime{system: tree(nil)}).delays(); ok {
		t.Error("there is a delay without files")
	}
}

// FuzzGroups reads whatever a kernel may show, and finds no quota that is none.
func FuzzGroups(f *testing.F) {
	f.Add("0::/a/b\n", mountV2, "2000 100000", "nr_throttled 7\nthrottled_usec 9", "-1", "100000", "1 2 3")
	f.Add("2:cpu,cpuacct:/a\n0::/..\n", mountV1+mountBind, "max 100000", "throttled_time 9", "5", "6", "")
	f.Add("0::/\\0401\n", `1 2 3:4 / /\0 rw - cgroup2`, "9223372036854775807 1", "nr_throttled 9223372036854775807",
		"1", "-1", "-1 -1 -1")
	f.Fuzz(func(t *testing.T, group, mounts, quota, stat, v1quota, v1period, schedstat string) {
		files := map[string]string{
			"proc/self/cgroup": group, "proc/self/mountinfo": mounts, "proc/self/task/1/schedstat": schedstat,
		}
		for _, dir := range []string{"sys/fs/cgroup", "sys/fs/cgroup/a", "sys/fs/cgroup/cpu,cpuacct"} {
			files[dir+"/cpu.max"], files[dir+"/cpu.stat"] = quota, stat
			files[dir+"/cpu.cfs_quota_us"], files[dir+"/cpu.cfs_period_us"] = v1quota, v1period
		}
		p := newProcessorTime(tree(files))
		if n, ok := p.quota(); ok && !(n > 0) {
			t.Errorf("a quota of %v processors", n)
		}
		for _, l := range p.limits() {
			if l.period <= 0 || strings.Contains(l.dir, "..") {
				t.Errorf("limit %+v", l)
			}
			if got := l.advance(p.system); got.periods < 0 || got.time < 0 {
				t.Errorf("throttled %+v", got)
			}
		}
		if all, ok := p.delays(); ok && (all["1"].waited < 0 || all["1"].runs < 0) {
			t.Errorf("delays %v", all)
		}
	})
}
