package traffic

import (
	"cmp"
	"context"
	"crypto/sha256"
	"math"
	"path/filepath"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/measure"
	"rdiostress/internal/radio"
	"rdiostress/internal/random"
	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
	"rdiostress/internal/scenario"
	"rdiostress/internal/schedule"
	"rdiostress/internal/upload"
)

// replayer reads recordings in order, ahead of the times when they are due.
type replayer struct {
	*scenario.Replay
	archive *replay.Archive
	systems scenario.IDs
	mix     scenario.Mix
	began   time.Time // start of the run
	dates   replayDates
	ready   chan *upload.Recording
	free    chan *upload.Recording
	each    atomic.Int64 // calls of a round, once all of them are known; 0 before

	mu   sync.Mutex
	read uint64         // calls of the first round that were read
	bad  replay.Skipped // calls of the first round that could not be read
}

// How much of the recordings waits in memory: so many of them, or less if they are large.
const (
	readAhead      = 32
	readAheadBytes = 8 << 20
	keptBytes      = 128 << 10 // of the memory of a recording that was sent
)

func newReplayer(s *scenario.Scenario, archive *replay.Archive, start time.Time) *replayer {
	r := &replayer{
		Replay: &s.Replay, archive: archive, systems: s.Systems, mix: s.Clients,
		ready: make(chan *upload.Recording, readAhead), free: make(chan *upload.Recording, readAhead),
	}
	covered := s.Replay.RecordedTime(s.Length())
	if !s.Replay.Loop {
		covered = min(covered, s.Replay.Round())
	}
	lead := max(0, covered-s.Length())
	shift := time.Duration(max(s.Generator.Number-1, 0)) * (radio.MaxAge - lead) / time.Duration(max(s.Generator.Of, 1))
	r.began = start
	r.dates = replayDates{
		tiling: newTiling(start, covered, s.Replay.Speed, s.Step(), shift.Truncate(s.Step())),
		recent: make(map[talkgroupKey][]datedCall),
	}
	return r
}

// place returns the round of call n, counting through all rounds, and its number in the archive. It reports false if
// there is no such call.
func (r *replayer) place(n uint64) (round uint64, i int, ok bool) {
	each := uint64(r.each.Load())
	if each == 0 {
		if n < uint64(r.archive.Found()) {
			if _, ok := r.archive.Due(int(n)); ok {
				return 0, int(n), true
			}
		}
		each = uint64(r.archive.Len())
		r.each.Store(int64(each))
	}
	if each == 0 || n >= each && !r.Loop {
		return 0, 0, false
	}
	return n / each, int(n % each), true
}

// Due returns when recording n is due, counting through all rounds. If there is no such recording, it is due never.
func (r *replayer) Due(n uint64) time.Duration {
	round, i, ok := r.place(n)
	if !ok {
		return math.MaxInt64 / 2
	}
	due, _ := r.archive.Due(i)
	return time.Duration(float64(time.Duration(round)*r.Round()+due) / r.Speed)
}

// Count returns how many recordings are due before end. It looks at no more recordings than it has to.
func (r *replayer) Count(end time.Duration) uint64 {
	most := uint64(64)
	for r.Due(most) < end {
		most *= 2
	}
	return uint64(sort.Search(int(most), func(n int) bool { return r.Due(uint64(n)) >= end }))
}

var _ schedule.Schedule = (*replayer)(nil)

// start reads recordings until all are read or the returned function is called. That function waits for the reader.
// The first recordings are ready when start returns.
func (r *replayer) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	r.Due(readAhead)
	var reader sync.WaitGroup
	reader.Go(func() { r.readAll(ctx) })
	return func() {
		cancel()
		reader.Wait()
	}
}

// readAll reads recordings ahead. Each is held back until half of the others that wait have been read, as they may be
// duplicates of it.
func (r *replayer) readAll(ctx context.Context) {
	defer close(r.ready)
	systems := make(map[string]int64)
	var held []*upload.Recording
	size := 0
	hand := func(recordings, bytes int) bool {
		for ; len(held) > recordings || len(held) > 1 && size > bytes; held = held[1:] {
			size -= len(held[0].Audio)
			select {
			case r.ready <- held[0]:
			case <-ctx.Done():
				return false
			}
		}
		return true
	}
	for n := uint64(0); ; n++ {
		round, i, ok := r.place(n)
		if !ok {
			break
		}
		rec := r.recording()
		rec.Number = n
		r.readRecording(round, i, rec, systems)
		findOriginal(rec, held)
		held, size = append(held, rec), size+len(rec.Audio)
		if !hand(readAhead/2, readAheadBytes/2) {
			return
		}
	}
	hand(0, 0)
}

// recording returns memory for a recording.
func (r *replayer) recording() *upload.Recording {
	select {
	case rec := <-r.free:
		return rec
	default:
		return &upload.Recording{}
	}
}

// findOriginal finds the recording of which another one is a duplicate, and marks it.
func findOriginal(rec *upload.Recording, before []*upload.Recording) {
	for _, o := range before {
		same := o.Call.System == rec.Call.System && o.Call.Talkgroup == rec.Call.Talkgroup
		if rec.Duplicate && same && o.Err == nil && o.Call.Time.Equal(rec.Call.Time) {
			o.HasDuplicate = true
		}
	}
}

// readRecording reads call i of the archive in a round. Systems get their numbers in the order in which they first
// appear, unless they keep those that were recorded.
func (r *replayer) readRecording(round uint64, i int, rec *upload.Recording, systems map[string]int64) {
	rec.Duplicate, rec.HasDuplicate = false, false
	rec.Audio, rec.Err = r.archive.Read(i, rec.Audio, &rec.Call)
	rec.Ext, rec.Length = filepath.Ext(rec.Call.AudioName), 0
	if sound, err := audio.Measure(rec.Call.AudioName, rec.Audio); err == nil && rec.Err == nil {
		rec.Length = sound.Length // as the client would know it
	}
	if round == 0 {
		r.recordRead(i, rec.Err)
	}
	if rec.Err != nil {
		return
	}
	c := &rec.Call
	if c.System == 0 || !r.KeepSystems {
		name := cmp.Or(c.SystemLabel, strconv.FormatInt(c.System, 10))
		number, ok := systems[name]
		if !ok {
			number = r.systems[len(systems)%len(r.systems)]
			systems[name] = number
		}
		c.System = number
	}
	if c.SystemLabel == "" {
		c.SystemLabel = SystemLabel(c.System)
	}
	at := c.Time.Sub(r.archive.Began().Truncate(time.Second))
	c.Time, rec.Duplicate = r.dates.place(c, time.Duration(round)*r.Round()+at)
}

// recordRead counts a call of the first round.
func (r *replayer) recordRead(i int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.read++; err != nil {
		r.bad.Add(r.archive.Name(i), err)
	}
}

// maxNamed is how many recordings are named that were not sent.
const maxNamed = 20

// report describes what became of the recordings.
func (r *replayer) report() *measure.Replay {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := &measure.Replay{
		Programs: r.archive.Programs(), Files: uint64(r.archive.Files()), Calls: r.read,
		SpanS: r.archive.Span().Seconds(),
	}
	skipped := r.archive.Skipped()
	for _, f := range r.bad.List() {
		out.Calls -= f.Count
		skipped = replay.AddSkipped(skipped, f)
	}
	for _, f := range skipped {
		out.Reasons = append(out.Reasons, measure.SkipReason{
			Reason: string(f.Reason), What: f.Reason.Describe(), Count: f.Count, Loss: f.Reason.IsLoss(),
		})
		switch {
		case f.Reason == replay.Encrypted:
			out.Encrypted += f.Count
		case f.Reason.IsLoss():
			out.Unreadable += f.Count
		}
		for _, e := range f.Examples {
			if len(out.Skipped) < maxNamed {
				out.Skipped = append(out.Skipped, measure.SkippedFile{Path: e.Name, Reason: e.Why})
			}
		}
	}
	return out
}

// next makes the next recorded call. The call is skipped if its recording cannot be sent.
func (r *replayer) next(runID string, to *upload.Request) bool {
	if to.Recording != nil {
		if cap(to.Recording.Audio) > keptBytes {
			to.Recording.Audio = nil
		}
		select {
		case r.free <- to.Recording:
		default: // enough are free
		}
		to.Recording = nil
	}
	rec, ok := <-r.ready
	if !ok || rec.Err != nil {
		to.Skip = true
		return true
	}
	to.Recording = rec
	to.Duplicate, to.HasDuplicate = rec.Duplicate, rec.HasDuplicate
	to.Random, to.Call = random.Hash(rec.Number, drawClient), rec.Call
	to.Client = r.mix.Pick(to.Random)
	clip := audio.Clip{Body: rec.Audio, Duration: rec.Length, Type: rec.Call.AudioType, Ext: rec.Ext}
	to.Fill(runID, rec.Number, clip)
	return true
}

// audio makes the audio of recorded call n again. It returns nothing if the file is gone.
func (r *replayer) audio(n uint64) (ext string, size int64, sum [sha256.Size]byte) {
	file, c := r.file(n)
	if file == nil {
		return "", 0, sum
	}
	return filepath.Ext(c.AudioName), int64(len(file)), sha256.Sum256(file)
}

// file returns the audio of recorded call n, or nil if it cannot be read any more.
func (r *replayer) file(n uint64) ([]byte, *rdio.Call) {
	var c rdio.Call
	_, i, ok := r.place(n)
	if !ok {
		return nil, &c
	}
	file, err := r.archive.Read(i, nil, &c)
	if err != nil {
		return nil, &c
	}
	return file, &c
}
