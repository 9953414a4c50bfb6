package diagnose

import (
	"fmt"
	"math"
	"slices"

	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
)

// readings are the values of one signal over the scored part of the run.
type readings struct{ at, value, width []float64 }

func readSignal(points []measure.Point, sig measure.Signal) (r readings) {
	for _, p := range points {
		if v, ok := p.Server.Get(sig); ok {
			r.at, r.value, r.width = append(r.at, p.TS+p.WidthS/2), append(r.value, v), append(r.width, p.WidthS)
		}
	}
	return r
}

// change returns the difference between the last value and the first.
func (r readings) change() float64 {
	if len(r.value) == 0 {
		return math.NaN()
	}
	return r.value[len(r.value)-1] - r.value[0]
}

// mean returns the mean over time: intervals get wider in long runs.
func (r readings) mean() float64 {
	var sum, time float64
	for i, v := range r.value {
		sum, time = sum+v*r.width[i], time+r.width[i]
	}
	return sum / time
}

// lastThird returns the readings of the last third of the time.
func (r readings) lastThird() readings {
	n := len(r.at)
	from := r.at[0] + (r.at[n-1]-r.at[0])*2/3
	i, _ := slices.BinarySearch(r.at, from)
	return readings{r.at[i:], r.value[i:], r.width[i:]}
}

// max returns the highest value.
func (r readings) max() float64 { return measure.Quantile(r.value, 1) }

// server sets the signals of the watched server.
func (s Signals) server(res *measure.Result) {
	points := scoredPoints(res)
	s.ended(res)
	s.processors(res, points)
	s.crowd(res, points)
	s.memory(res, points)
	s.disk(res, points)
	if pool := readSignal(points, measure.PoolUsage); len(pool.value) > 0 {
		s.set("pool_usage_mean", pool.mean(), Share)
		s.set("pool_usage_max", pool.max(), Share)
	}
	if waiting := readSignal(points, measure.PoolWaiting); waiting.mean() >= 1 {
		s.set("pool_waiting_mean", waiting.mean(), Count)
	}
	s.stages(points)
	s.limits(points)
	if open := readSignal(points, measure.BreakerOpen); len(open.value) > 0 {
		s.set("breaker_open_share", open.mean(), Share)
	}
	s.database(points)
}

// limits sets how near the server was to its limits.
func (s Signals) limits(points []measure.Point) {
	files, limit := readSignal(points, measure.OpenFiles), readSignal(points, measure.OpenFilesLimit)
	if limit.max() > 0 && len(files.value) > 0 {
		s.set("fds_max", files.max(), Count)
		s.set("fds_limit", limit.max(), Count)
		s.set("fds_share", files.max()/limit.max(), Share)
	}
	queued, places := readSignal(points, measure.UploadQueue), readSignal(points, measure.UploadQueueLimit)
	if places.max() > 0 && len(queued.value) > 0 {
		s.set("upload_queue_share", queued.max()/places.max(), Share)
	}
}

// database sets the signals of the server's database.
func (s Signals) database(points []measure.Point) {
	if locks := readSignal(points, measure.DBWaitingLocks); len(locks.value) > 0 {
		s.set("db_lock_waits_mean", locks.mean(), Count)
	}
	if longest := readSignal(points, measure.DBLongestTransaction); len(longest.value) > 0 {
		s.set("db_longest_transaction", longest.max(), Seconds)
	}
	used, most := readSignal(points, measure.DBConnections), readSignal(points, measure.DBConnectionsLimit)
	if len(used.value) > 0 && len(most.value) > 0 && most.max() > 0 {
		s.set("db_connections_share", used.max()/most.max(), Share)
	}
}

// ended sets whether the server's process ended by itself.
func (s Signals) ended(res *measure.Result) {
	if event := endedBesideCrash(res); event != "" {
		s.setWithNote("process_ended", 1, Truth, event)
	}
}

// stages sets where the server itself says that the time of uploads went, and how much of their service time that does
// not explain.
func (s Signals) stages(points []measure.Point) {
	total, known := 0.0, false
	spent := make(map[string]float64)
	for name, sig := range map[string]measure.Signal{
		"read_share": measure.ReadingTime, "queue_share": measure.QueueingTime, "commit_share": measure.StoringTime,
	} {
		if r := readSignal(points, sig); len(r.value) > 0 {
			spent[name], known = r.mean(), true
			total += spent[name]
		}
	}
	rate, service := s["accepted_per_s"].Value, s["service_mean"].Value
	if !known || rate == 0 || service == 0 {
		return
	}
	if total > 0 {
		for name, v := range spent {
			s.set(name, v/total, Share)
		}
	}
	s.set("read_of_service", min(1, spent["read_share"]/(rate*service)), Share)
	s.set("commit_mean", spent["commit_share"]/rate, Seconds)
	s.set("unexplained_share", max(0, 1-total/(rate*service)), Share)
	if each := spent["commit_share"] / rate; each >= slowCommitS {
		s.set("slow_commit_share", min(1, each/service), Share)
	}
	s.set("commit_of_service", min(1, spent["commit_share"]/(rate*service)), Share)
}

// slowCommitS is the time in seconds from which storing a call is slow. A sound server needs some milliseconds, and
// some tens of them under load.
const slowCommitS = 0.25

// muchCPU is the share of the machine's processors that a server must use for what others use of them to matter.
const muchCPU = 0.5

// processors sets how busy the server kept its machine's processors.
func (s Signals) processors(res *measure.Result, points []measure.Point) {
	cpu := readSignal(points, measure.CPU)
	if len(cpu.value) == 0 || res.Watch.Processors == 0 {
		return
	}
	s.set("processors", float64(res.Watch.Processors), Count)
	s.set("processors_busy", cpu.mean(), Number)
	s.set("target_cpu_share", cpu.mean()/float64(res.Watch.Processors), Share)
	if perCall, ok := s.cpuPerCall(points); ok {
		s.set("cpu_per_call", perCall, Seconds)
	}
	own, all := s["target_cpu_share"].Value, readSignal(points, measure.MachineCPU).mean()
	if own >= muchCPU && all > 0 {
		s.set("machine_cpu_share", all, Share)
		s.set("left_cpu_share", own/max(1-all+own, own), Share)
	}
}

// cpuPerCall returns the processor time that the server needed for a call. It leaves out the time in which a queue
// filled, when most of the work was still to do.
func (s Signals) cpuPerCall(points []measure.Point) (float64, bool) {
	if full, ok := s["queue_full_at"]; ok {
		points = slices.DeleteFunc(slices.Clone(points), func(p measure.Point) bool { return p.TS <= full.Value })
	}
	cpu := readSignal(points, measure.CPU)
	rate := acceptedRate(points)
	return cpu.mean() / rate, len(cpu.value) > 0 && rate > 0
}

// settling is the part of the run at its beginning in which memory and folders find their size: a third.
const settling = 3

// memory distinguishes growth that goes on from memory that follows the uploads under way.
func (s Signals) memory(res *measure.Result, points []measure.Point) {
	rss := readSignal(points, measure.RSS)
	n := len(rss.value)
	if n < 2*settling {
		return
	}
	rise := rss.max() - measure.Quantile(rss.value, 0)
	s.set("rss_rise", rise, Bytes)
	s.queuedMemory(res, rise)
	s.setWithNote("memory_kind", 1, Truth, memoryText(res.Watch.MemoryKind))
	s.setWithNote("rss_growth", rss.change(), Bytes, fmt.Sprintf("from %s to %s",
		Signal{Value: rss.value[0], Unit: Bytes}, Signal{Value: rss.value[n-1], Unit: Bytes}))
	if accepted := s["accepted"].Value; accepted > 0 {
		s.set("rss_growth_per_call", max(0, rss.change())/accepted, Bytes)
	}
	s.set("rss_growth_late", rss.lastThird().change(), Bytes)
	s.set("rss_growth_linear", stat.Pearson(rss.at, rss.value), Number)
	if rss.max() > 0 {
		s.set("rss_growth_share", max(0, rss.change())/rss.max(), Share)
	}
	s.buffering(res, points, rise)
}

// memoryText returns what the server's memory is called.
func memoryText(kind string) string {
	switch kind {
	case measure.MemoryPSS:
		return "the memory of its processes (Pss)"
	case measure.MemorySummed:
		return "the memory of its processes (RSS, in which shared pages count more than once)"
	default:
		return "resident memory"
	}
}

// queuedMemory sets how much of a rise of memory is explained by calls that were acknowledged and not stored.
func (s Signals) queuedMemory(res *measure.Result, rise float64) {
	d, n := &res.Delivery, float64(res.Totals.Attempted)
	if d.BacklogMax == nil || d.Method == bySink || n == 0 || rise <= 0 {
		return
	}
	s.set("queued_of_rise", float64(*d.BacklogMax)*float64(res.Totals.BytesSent)/n/rise, Times)
}

// minInFlightBytes is how much must be under way for its effect on memory to stand out.
const minInFlightBytes = 50e6

// buffering compares the rise of memory with the bytes that were under way at once.
func (s Signals) buffering(res *measure.Result, points []measure.Point, rise float64) {
	var inFlight []float64
	for _, p := range points {
		inFlight = append(inFlight, float64(p.InFlight))
	}
	n := float64(res.Totals.Attempted)
	if n == 0 || len(inFlight) == 0 {
		return
	}
	underWay := measure.Quantile(inFlight, 0.75) * float64(res.Totals.BytesSent) / n
	s.set("in_flight_bytes", underWay, Bytes)
	if underWay >= minInFlightBytes {
		s.set("buffered_ratio", rise/underWay, Times)
	}
}

// minWrittenPerS is how many bytes per second can be too much for a disk, at least for an SD card. At a few calls a
// second, a journal alone is many times what is sent.
const minWrittenPerS = 2e6

// disk compares what the server wrote and keeps with what it accepted.
func (s Signals) disk(res *measure.Result, points []measure.Point) {
	n := float64(res.Totals.Attempted)
	if n == 0 {
		return
	}
	each := float64(res.Totals.BytesSent) / n
	accepted := each * float64(res.Totals.Accepted)
	s.set("accepted_bytes", accepted, Bytes)
	s.set("sent_per_s", each*res.Totals.UploadsPerS, BytesPS)
	if size := readSignal(points, measure.DataSize); len(size.value) > 1 && accepted > 0 {
		s.set("folder_growth", size.change(), Bytes)
		s.set("folder_growth_linear", stat.Pearson(size.at, size.value), Number)
		s.set("folder_over_accepted", size.change()/accepted, Times)
		s.set("folder_excess", size.change()-accepted, Bytes)
	}
	if files := readSignal(points, measure.DataFiles); len(files.value) > 1 {
		s.set("files_growth", files.change(), Count)
	}
	if written := readSignal(points, measure.WriteRate); len(written.value) > 0 {
		s.set("disk_write_per_s", written.mean(), BytesPS)
		if rate := each * s["accepted_per_s"].Value; rate > 0 && written.mean() >= minWrittenPerS {
			s.set("disk_write_over_accepted", written.mean()/rate, Times)
		}
	}
	if wait := readSignal(points, measure.MachineIOWait); len(wait.value) > 0 {
		s.set("iowait_share", wait.mean(), Share)
	}
	if free := readSignal(points, measure.DiskFree); len(free.value) > 0 {
		s.set("disk_free", measure.Quantile(free.value, 0), Bytes)
	}
}
