package server

import (
	"context"
	"sync"
	"time"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/disk"
)

// How often the server looks at itself, and over how long its rates are.
const (
	vitalsEvery  = time.Second
	slowEvery    = 10          // looks; what costs more is looked at that often
	vitalsWindow = 60          // looks
	usageTimeout = time.Second // for the store to say how much it keeps
	usageShare   = 20          // the store is asked for at most one in so many parts of the time
)

// vital is what the server counted until one moment.
type vital struct {
	at               time.Time
	accepted, failed int64
	response         time.Duration // of all accepted uploads together
}

// vitals are what the server knows of itself over time: the guide's figures, and what alerts are raised by.
type vitals struct {
	mu     sync.Mutex
	ring   []vital // the newest last
	looks  int
	askAt  time.Time // when to ask the store again how much it keeps
	memory growth
	rss    figure
	stored figure
	free   figure
}

// figure is a number, or why there is none.
type figure struct {
	value  float64
	absent string
}

// keepVitals looks at the server until ctx ends.
func (s *Server) keepVitals(ctx context.Context) {
	tick := time.NewTicker(s.vitalsEvery)
	defer tick.Stop()
	for {
		s.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look takes one look, and raises or clears alerts by it.
func (s *Server) look(ctx context.Context) {
	v := &s.vitals
	now := s.now()
	v.mu.Lock()
	slow, ask := v.looks%slowEvery == 0, !now.Before(v.askAt)
	v.looks++
	v.mu.Unlock()
	var rss, stored, free figure
	if slow {
		rss, free = residentMemory(), s.freeDisk()
	}
	began := time.Now()
	if ask {
		stored = s.storedBytes(ctx)
	}
	took := time.Since(began)
	v.mu.Lock()
	if slow {
		v.rss, v.free = rss, free
		v.memory.add(now, rss)
	}
	if ask {
		v.stored, v.askAt = stored, now.Add(usageShare*took)
	}
	v.ring = append(v.ring, s.vital(now))
	if len(v.ring) > vitalsWindow+1 {
		v.ring = v.ring[1:]
	}
	v.mu.Unlock()
	s.alerts.judge(now, s.figures())
	s.refusals.flush(now, false)
}

// vital is what is counted now.
func (s *Server) vital(now time.Time) vital {
	c := &s.stats
	return vital{
		at: now, accepted: c.accepted.Load() + c.duplicates.Load(), failed: c.faults(),
		response: time.Duration(c.response.Load()),
	}
}

func (s *Server) storedBytes(ctx context.Context) figure {
	ctx, cancel := context.WithTimeout(ctx, usageTimeout)
	defer cancel()
	u, err := s.store.Usage(ctx)
	if err != nil {
		return figure{absent: "the store cannot be asked now"}
	}
	s.disk.inside.Store(u.FreeBytes)
	return figure{value: float64(u.AudioBytes)}
}

func (s *Server) freeDisk() figure {
	free, err := disk.Free(s.spool.dir)
	if err != nil {
		return figure{absent: "this system does not say how much of the disk is free"}
	}
	return figure{value: float64(free)}
}

// The figures by the guide's names, and those that alerts have besides.
const (
	kpiUploadRate    = "upload_rate"               // accepted uploads/s
	kpiResponseTime  = "avg_response_time"         // s, of accepted uploads
	kpiPool          = "db_connection_pool_usage"  // share in use, 0 to 1
	kpiMemory        = "memory_usage"              // bytes resident
	kpiTranscription = "transcription_queue_depth" // pending
	kpiErrorRate     = "error_rate"                // share of uploads, 0 to 1
	kpiDisk          = "disk_usage"                // bytes of stored audio

	figureGrowth      = "memory_growth"     // bytes/h
	figureFreeDisk    = "disk_free_bytes"   // bytes
	figureBreaker     = "breaker_open"      // 1 is open
	figureUnusable    = "database_unusable" // 1 is that calls cannot be stored, or may be lost
	figureConnections = "connection_usage"  // share of the connections that there may be, 0 to 1
)

// kpis are the guide's seven in its order.
func kpis() []string {
	return []string{kpiUploadRate, kpiResponseTime, kpiPool, kpiMemory, kpiTranscription, kpiErrorRate, kpiDisk}
}

const (
	notYet    = "the server has not looked at itself for long enough"
	noUploads = "no upload came in the last minute"
)

// figures are all that is known now.
func (s *Server) figures() map[string]figure {
	stats := s.store.Stats()
	v := &s.vitals
	v.mu.Lock()
	defer v.mu.Unlock()
	f := map[string]figure{
		kpiTranscription: {absent: "this server does not transcribe"},
		kpiPool:          {absent: "the store has no connection pool"},
		kpiMemory:        v.rss, kpiDisk: v.stored, figureFreeDisk: v.free,
		figureGrowth: v.memory.perHour(), figureConnections: {value: s.door.usage()},
	}
	if stats.Pool.Max > 0 {
		f[kpiPool] = figure{value: float64(stats.Pool.InUse) / float64(stats.Pool.Max)}
	}
	f[figureBreaker] = figure{value: truth(stats.Breaker.State == call.BreakerOpen)}
	f[figureUnusable] = figure{value: truth(s.storing.failing.Load() != 0 || s.store.Gone() != nil)}
	if len(v.ring) == 0 {
		for _, name := range []string{kpiMemory, kpiDisk, figureFreeDisk} {
			f[name] = figure{absent: notYet}
		}
	}
	v.rates(f)
	return f
}

// rates works out what is measured over the window.
func (v *vitals) rates(f map[string]figure) {
	if len(v.ring) < 2 {
		for _, name := range []string{kpiUploadRate, kpiResponseTime, kpiErrorRate} {
			f[name] = figure{absent: notYet}
		}
		return
	}
	first, last := v.ring[0], v.ring[len(v.ring)-1]
	accepted, failed := float64(last.accepted-first.accepted), float64(last.failed-first.failed)
	f[kpiUploadRate] = figure{absent: notYet}
	if took := last.at.Sub(first.at).Seconds(); took > 0 {
		f[kpiUploadRate] = figure{value: accepted / took}
	}
	f[kpiResponseTime], f[kpiErrorRate] = figure{absent: noUploads}, figure{absent: noUploads}
	if accepted > 0 {
		f[kpiResponseTime] = figure{value: (last.response - first.response).Seconds() / accepted}
	}
	if accepted+failed > 0 {
		f[kpiErrorRate] = figure{value: failed / (accepted + failed)}
	}
}
