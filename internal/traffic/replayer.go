package traffic

import (
	"context"
	"crypto/sha256"
	"errors"
	"math"
	"path/filepath"
	"sort"
	"sync"
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

	mu     sync.Mutex
	report measure.Replay
}

// readAhead is how many recordings wait in memory.
const readAhead = 64

func newReplayer(s *scenario.Scenario, archive *replay.Archive, start time.Time) *replayer {
	r := &replayer{
		Replay: &s.Replay, archive: archive, systems: s.Systems, mix: s.Clients,
		ready: make(chan *upload.Recording, readAhead), free: make(chan *upload.Recording, 2*readAhead),
	}
	covered := s.Replay.RecordedTime(s.Length())
	if !s.Replay.Loop {
		covered = min(covered, s.Replay.Round())
	}
	lead := max(0, covered-s.Length())
	shift := time.Duration(max(s.Generator.Number-1, 0)) * (radio.MaxAge - lead) / time.Duration(max(s.Generator.Of, 1))
	r.began = start
	r.dates = replayDates{
		tiling: newTiling(start, s.Length(), covered, s.Step(), shift.Truncate(s.Step())),
		recent: make(map[talkgroupKey]*recentCalls),
	}
	r.report = measure.Replay{Programs: archive.Kinds(), Files: uint64(archive.Len()), SpanS: archive.Span().Seconds()}
	named, all := archive.Skipped()
	for _, f := range named {
		r.nameSkipped(f.Path, f.Reason)
	}
	r.report.Files += uint64(all)
	r.report.Unreadable = uint64(all)
	return r
}

// Due returns when recording n is due, counting through all rounds. If there is no such recording, it is due never.
func (r *replayer) Due(n uint64) time.Duration {
	each := uint64(r.Recordings)
	if n >= each && !r.Loop {
		return math.MaxInt64 / 2
	}
	at := time.Duration(n/each)*r.Round() + r.archive.Offset(int(n%each))
	return time.Duration(float64(at) / r.Speed)
}

// Count returns how many recordings are due before end.
func (r *replayer) Count(end time.Duration) uint64 {
	most := uint64(r.Recordings)
	if r.Loop {
		most *= uint64(r.RecordedTime(end)/r.Round()) + 1
	}
	return uint64(sort.Search(int(most), func(n int) bool { return r.Due(uint64(n)) >= end }))
}

var _ schedule.Schedule = (*replayer)(nil)

// start reads recordings until all are read or the returned function is called. That function waits for the reader.
func (r *replayer) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var reader sync.WaitGroup
	reader.Go(func() { r.read(ctx) })
	return func() {
		cancel()
		reader.Wait()
	}
}

func (r *replayer) read(ctx context.Context) {
	defer close(r.ready)
	systems := make(map[string]int64)
	each := uint64(r.archive.Len())
	var held []*upload.Recording // recordings that may still have a duplicate
	hand := func(left int) bool {
		for ; len(held) > left; held = held[1:] {
			select {
			case r.ready <- held[0]:
			case <-ctx.Done():
				return false
			}
		}
		return true
	}
	for n := uint64(0); n < each || r.Loop; n++ {
		var rec *upload.Recording
		select {
		case rec = <-r.free:
		default:
			rec = &upload.Recording{}
		}
		r.readRecording(n, rec, systems)
		findOriginal(rec, held)
		if held = append(held, rec); !hand(readAhead / 2) {
			return
		}
	}
	hand(0)
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

// readRecording reads recording n. Systems get their numbers in the order in which they first appear.
func (r *replayer) readRecording(n uint64, rec *upload.Recording, systems map[string]int64) {
	i := int(n % uint64(r.archive.Len()))
	rec.Duplicate, rec.HasDuplicate = false, false
	rec.Number, rec.Ext = n, filepath.Ext(r.archive.Path(i))
	rec.Audio, rec.Err = r.archive.Read(i, rec.Audio, &rec.Call)
	if rec.Err != nil {
		r.skip(n, i, rec.Err)
		return
	}
	c := &rec.Call
	number, ok := systems[c.SystemLabel]
	if !ok {
		number = r.systems[len(systems)%len(r.systems)]
		systems[c.SystemLabel] = number
	}
	c.System = number
	if c.SystemLabel == "" {
		c.SystemLabel = SystemLabel(c.System)
	}
	// The time inside a file is more exact than the one in its name, but it may be wrong, and must not be in the
	// future.
	at, named := c.Time.Sub(r.archive.Began()), r.archive.Offset(i)
	if at > named+time.Second || at < named-time.Hour {
		at = named
	}
	c.Time, rec.Duplicate = r.dates.place(c, time.Duration(n/uint64(r.archive.Len()))*r.Round()+at)
}

// skip counts a recording that cannot be sent, once over all rounds.
func (r *replayer) skip(n uint64, i int, err error) {
	if n >= uint64(r.archive.Len()) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if errors.Is(err, replay.ErrEncrypted) {
		r.report.Encrypted++
	} else {
		r.report.Unreadable++
	}
	r.nameSkipped(r.archive.Path(i), err.Error())
}

// maxNamed is how many skipped recordings are named.
const maxNamed = 20

func (r *replayer) nameSkipped(path, reason string) {
	if len(r.report.Skipped) < maxNamed {
		r.report.Skipped = append(r.report.Skipped, measure.SkippedFile{Path: path, Reason: reason})
	}
}

// next makes the next recorded call. The call is skipped if its recording cannot be sent.
func (r *replayer) next(runID string, to *upload.Request) bool {
	if to.Recording != nil {
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
	to.Fill(runID, rec.Number, audio.Clip{Body: rec.Audio, Type: rec.Call.AudioType, Ext: rec.Ext})
	return true
}

// audio makes the audio of recorded call n again. It returns nothing if the file is gone.
func (r *replayer) audio(n uint64) (ext string, size int64, sum [sha256.Size]byte) {
	file := r.file(n)
	if file == nil {
		return "", 0, sum
	}
	return filepath.Ext(r.archive.Path(int(n % uint64(r.archive.Len())))), int64(len(file)), sha256.Sum256(file)
}

// file returns the audio of recorded call n, or nil if it cannot be read any more.
func (r *replayer) file(n uint64) []byte {
	var c rdio.Call
	file, err := r.archive.Read(int(n%uint64(r.archive.Len())), nil, &c)
	if err != nil {
		return nil
	}
	return file
}
