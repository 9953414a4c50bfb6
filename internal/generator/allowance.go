package generator

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"
)

// processorTime reads what the system allows this process of the processors' time, and keeps from it.
type processorTime struct {
	system fs.FS
	groups []group // its own and those above; nil if absent
	absent error
}

func newProcessorTime(system fs.FS) *processorTime {
	p := &processorTime{system: system}
	p.groups, p.absent = findGroups(system)
	return p
}

// quota returns the least quota of all groups.
func (p *processorTime) quota() (processors float64, ok bool) {
	for _, g := range p.groups {
		if n, _, has := g.quota(p.system); has && (!ok || n < processors) {
			processors, ok = n, true
		}
	}
	return processors, ok
}

// limits are the groups that have a quota.
func (p *processorTime) limits() (limits []limit) {
	for _, g := range p.groups {
		if _, period, ok := g.quota(p.system); ok {
			limits = append(limits, limit{group: g, period: period})
		}
	}
	return limits
}

// limit is a group with a quota.
type limit struct {
	group
	period time.Duration
	before throttling // when it was read last
	read   bool       // before was read
}

// advance returns how much the group was throttled since it was read last. The first reading counts nothing: what it
// shows may be older than the run.
func (l *limit) advance(system fs.FS) throttling {
	now, ok := l.throttling(system)
	if !ok {
		return throttling{}
	}
	since := throttling{now.periods - l.before.periods, now.time - l.before.time}
	if !l.read {
		since = throttling{}
	}
	l.before, l.read = now, true
	return since
}

// delay is how long a thread could run and waited for a processor, and how often it got one.
type delay struct {
	waited time.Duration
	runs   int64
}

// delays returns the delays of the threads of this process that live now, by their numbers. It reports false if the
// kernel does not count them.
func (p *processorTime) delays() (map[string]delay, bool) {
	const tasks = "proc/self/task"
	entries, err := fs.ReadDir(p.system, tasks)
	if err != nil {
		return nil, false
	}
	all := make(map[string]delay, len(entries))
	for _, e := range entries {
		text, err := readFile(p.system, path.Join(tasks, e.Name(), "schedstat"))
		if err != nil {
			continue // the thread has ended, or there is no such file
		}
		if d, ok := parseDelay(text); ok {
			all[e.Name()] = d
		}
	}
	return all, len(all) > 0
}

// parseDelay reads the second and third figure of schedstat, the first of them in nanoseconds.
func parseDelay(text string) (d delay, ok bool) {
	fields := strings.Fields(text)
	if len(fields) < 3 {
		return d, false
	}
	waited, err := strconv.ParseInt(fields[1], 10, 64)
	runs, rerr := strconv.ParseInt(fields[2], 10, 64)
	return delay{time.Duration(waited), runs}, err == nil && rerr == nil && waited >= 0 && runs >= 0
}

// delaySince sums up what was added to the delays of threads. Threads that have ended are left out.
func delaySince(before, now map[string]delay) (sum delay) {
	for thread, d := range now {
		sum.waited += max(0, d.waited-before[thread].waited)
		sum.runs += max(0, d.runs-before[thread].runs)
	}
	return sum
}

// Processors returns how many processors the control groups of this process allow it, its own and those above. It
// reports false if they set no limit that can be seen.
func Processors() (float64, bool) {
	system := systemFiles()
	if system == nil {
		return 0, false
	}
	return newProcessorTime(system).quota()
}

// mostThrottled returns the group that was throttled for the largest part of the time.
func mostThrottled(limits []limit, since []throttling) (worst int) {
	for i := range limits {
		if span(limits[i], since[i]) > span(limits[worst], since[worst]) {
			worst = i
		}
	}
	return worst
}

// span is the time of the periods in which a group was throttled.
func span(l limit, t throttling) time.Duration { return time.Duration(t.periods) * l.period }
