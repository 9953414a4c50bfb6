package load

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
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
)

// Replay says which recorded calls are sent instead of synthetic ones.
type Replay struct {
	Archive *replay.Archive // nil: none
	Folder  string
	Speed   float64 // times the pace at which they were recorded
	Loop    bool    // begin again when all are sent
}

// The pace that a replay can have.
const (
	minSpeed = 0.001
	maxSpeed = 100_000
	loopGap  = 10 * time.Second // between the last recording and the first of the next round
)

// Length is how long it takes to send all recordings once, with a second for the last one to find an uploader.
func (r *Replay) Length() time.Duration {
	return time.Duration(float64(r.Archive.Span())/r.Speed) + time.Second
}

// rate is how many calls are due per second in the mean.
func (r *Replay) rate() float64 {
	return float64(r.Archive.Len()) / max(r.Archive.Span().Seconds()/r.Speed, 1)
}

// validate returns what is wrong with it in a run of a given length.
func (r *Replay) validate(length time.Duration) error {
	if !(r.Speed >= minSpeed && r.Speed <= maxSpeed) {
		return fmt.Errorf("--speed must be %g to %d, not %g", minSpeed, maxSpeed, r.Speed)
	}
	if r.covered(length) > radio.MaxAge {
		return fmt.Errorf("--replay: at --speed %g, %v are %v of recordings, and calls keep their distances in time; servers delete "+
			"what is older than seven days, so %v can be replayed: give --duration %v", r.Speed, length.Round(time.Second),
			r.covered(length).Round(time.Hour), radio.MaxAge, time.Duration(float64(radio.MaxAge)/r.Speed).Round(time.Second))
	}
	return nil
}

// covered is how much recorded time a run of a given length goes through.
func (r *Replay) covered(length time.Duration) time.Duration {
	return time.Duration(min(float64(length)*r.Speed, math.MaxInt64/2))
}

// round is the time from the start of one round of the recordings to that of the next.
func (r *Replay) round() time.Duration { return r.Archive.Span() + loopGap }

// Due is when recording n is due, counted through all rounds; after the end of all time if there is none.
func (r *Replay) Due(n uint64) time.Duration {
	each := uint64(r.Archive.Len())
	if n >= each && !r.Loop {
		return math.MaxInt64 / 2
	}
	at := time.Duration(n/each)*r.round() + r.Archive.Offset(int(n%each))
	return time.Duration(float64(at) / r.Speed)
}

// Count is how many are due before end.
func (r *Replay) Count(end time.Duration) uint64 {
	most := uint64(r.Archive.Len())
	if r.Loop {
		most *= uint64(r.covered(end)/r.round()) + 1
	}
	return uint64(sort.Search(int(most), func(n int) bool { return r.Due(uint64(n)) >= end }))
}

var _ Schedule = (*Replay)(nil)

// recording is a recorded call that has been read ahead.
type recording struct {
	number uint64
	call   rdio.Call
	audio  []byte
	ext    string
	err    error // why it cannot be sent

	duplicate bool // of another recording
	echoed    bool // another recording is a duplicate of it
}

// replayer reads recordings ahead of when they are due, in their order.
type replayer struct {
	*Replay
	systems IDs
	mix     Mix
	began   time.Time // of the run
	dates   replayDates
	ready   chan *recording
	free    chan *recording

	mu     sync.Mutex
	report measure.Replay
}

// readAhead is how many recordings wait in memory for their time.
const readAhead = 64

func newReplayer(s *Scenario, start time.Time) *replayer {
	r := &replayer{
		Replay: &s.Replay, systems: s.Systems, mix: s.Clients, ready: make(chan *recording, readAhead), free: make(chan *recording, 2*readAhead),
	}
	covered := s.Replay.covered(s.Length())
	if !s.Replay.Loop {
		covered = min(covered, s.Replay.round())
	}
	lead := max(0, covered-s.Length())
	shift := time.Duration(max(s.Generator.Number-1, 0)) * (radio.MaxAge - lead) / time.Duration(max(s.Generator.Of, 1))
	r.began = start
	r.dates = replayDates{
		tiling: newTiling(start, s.Length(), covered, s.step(), shift.Truncate(s.step())), recent: make(map[talkgroupKey]*recentCalls),
	}
	r.report = measure.Replay{Programs: s.Replay.Archive.Kinds(), Files: uint64(s.Replay.Archive.Len()), SpanS: s.Replay.Archive.Span().Seconds()}
	named, all := s.Replay.Archive.Skipped()
	for _, f := range named {
		r.name(f.Path, f.Reason)
	}
	r.report.Files += uint64(all)
	r.report.Unreadable = uint64(all)
	return r
}

// start reads recordings until they are all read, or the returned function is called, which waits for the reader.
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
	each := uint64(r.Archive.Len())
	var held []*recording // until it shows whether they have duplicates
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
		var rec *recording
		select {
		case rec = <-r.free:
		default:
			rec = &recording{}
		}
		r.load(n, rec, systems)
		rec.findOriginal(held)
		if held = append(held, rec); !hand(readAhead / 2) {
			return
		}
	}
	hand(0)
}

// findOriginal marks the recording before that this one is a duplicate of.
func (rec *recording) findOriginal(before []*recording) {
	for _, o := range before {
		same := o.call.System == rec.call.System && o.call.Talkgroup == rec.call.Talkgroup
		if rec.duplicate && same && o.err == nil && o.call.Time.Equal(rec.call.Time) {
			o.echoed = true
		}
	}
}

// load reads recording n. Systems get their numbers in the order in which they appear.
func (r *replayer) load(n uint64, rec *recording, systems map[string]int64) {
	i := int(n % uint64(r.Archive.Len()))
	rec.duplicate, rec.echoed = false, false
	rec.number, rec.ext = n, filepath.Ext(r.Archive.Path(i))
	rec.audio, rec.err = r.Archive.Read(i, rec.audio, &rec.call)
	if rec.err != nil {
		r.skip(n, i, rec.err)
		return
	}
	c := &rec.call
	number, ok := systems[c.SystemLabel]
	if !ok {
		number = r.systems[len(systems)%len(r.systems)]
		systems[c.SystemLabel] = number
	}
	c.System = number
	if c.SystemLabel == "" {
		c.SystemLabel = SystemLabel(c.System)
	}
	// A file's own time is exacter than its name's, but may be nonsense, and must not lie in the future.
	at, named := c.Time.Sub(r.Archive.Began()), r.Archive.Offset(i)
	if at > named+time.Second || at < named-time.Hour {
		at = named
	}
	c.Time, rec.duplicate = r.dates.place(c, time.Duration(n/uint64(r.Archive.Len()))*r.round()+at)
}

// skip counts a recording that cannot be sent, once however often it comes round.
func (r *replayer) skip(n uint64, i int, err error) {
	if n >= uint64(r.Archive.Len()) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if errors.Is(err, replay.ErrEncrypted) {
		r.report.Encrypted++
	} else {
		r.report.Unreadable++
	}
	r.name(r.Archive.Path(i), err.Error())
}

// maxNamed is how many skipped recordings are named.
const maxNamed = 20

func (r *replayer) name(path, reason string) {
	if len(r.report.Skipped) < maxNamed {
		r.report.Skipped = append(r.report.Skipped, measure.SkippedFile{Path: path, Reason: reason})
	}
}

// next makes the next recorded call. It is skipped if it cannot be sent.
func (r *replayer) next(runID string, s *Slip) bool {
	if s.recording != nil {
		select {
		case r.free <- s.recording:
		default: // as many as are read ahead wait already
		}
		s.recording = nil
	}
	rec, ok := <-r.ready
	if !ok || rec.err != nil {
		s.Skip = true
		return true
	}
	s.recording = rec
	s.Duplicate, s.Echoed = rec.duplicate, rec.echoed
	s.Random, s.Call = random.Hash(rec.number, drawClient), rec.call
	s.Client = r.mix.Pick(s.Random)
	s.Fill(runID, rec.number, audio.Clip{Body: rec.audio, Type: rec.call.AudioType, Ext: rec.ext})
	return true
}

// audio makes the audio of recorded call n once more; nothing if the file is gone.
func (r *replayer) audio(n uint64) (ext string, size int64, sum [sha256.Size]byte) {
	file := r.file(n)
	if file == nil {
		return "", 0, sum
	}
	return filepath.Ext(r.Archive.Path(int(n % uint64(r.Archive.Len())))), int64(len(file)), sha256.Sum256(file)
}

// file is the audio of recorded call n; nil if it cannot be read any more.
func (r *replayer) file(n uint64) []byte {
	var c rdio.Call
	file, err := r.Archive.Read(int(n%uint64(r.Archive.Len())), nil, &c)
	if err != nil {
		return nil
	}
	return file
}
