package traffic

import (
	"crypto/sha256"
	"strconv"
	"sync/atomic"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/radio"
	"rdiostress/internal/random"
	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
	"rdiostress/internal/scenario"
	"rdiostress/internal/schedule"
	"rdiostress/internal/upload"
)

// Traffic makes the calls of a run: which talkgroup of which system speaks, for how long and through whom is drawn from
// a [radio.Network], and when it did from a [radio.Calendar], so that no server can take two calls for duplicates of
// each other.
//
// What call n is depends on the seed and n alone. When several calls of one talkgroup come at once, the order in which
// uploaders ask decides between their dates; and once a talkgroup has no time left, between it and another.
//
// It is safe for concurrent use and allocates nothing for a call.
type Traffic struct {
	runID    string
	seed     uint64
	network  *radio.Network
	calendar *radio.Calendar
	clips    Clips
	mix      scenario.Mix
	systems  []string           // labels
	sizes    scenario.SizeRange // of the audio; zero: as long as calls are

	known      []int                    // pairs that the server knows, as far as that has been told
	duplicates schedule.Duplicates      // which calls are duplicates on purpose
	originals  *[originalSlots]original // where their originals are
	replay     *replayer                // recorded calls in place of all that; may be nil
	probes     probeTime                // when first calls are dated
	moved      atomic.Uint64            // calls that went to another talkgroup, as theirs had no time left
	ahead      time.Duration            // of the run's start behind the calendar's
	full       atomic.Uint64            // the step of the calendar, and one, in which all lanes were found full
	spoken     []atomic.Uint64          // a bit for each pair that has had a call
}

// Options says what the calls of a run are made of, beside the scenario.
type Options struct {
	RunID   string
	Start   time.Time // of the run
	Clips   Clips
	Archive *replay.Archive // the recordings of a scenario with a replay
}

// New returns the calls of a run.
func New(s *scenario.Scenario, o Options) *Traffic {
	t := &Traffic{
		runID: o.RunID, seed: s.Seed, network: s.Network(), clips: o.Clips, mix: s.Clients,
		sizes: s.AudioSize,
	}
	for _, system := range s.Systems {
		t.systems = append(t.systems, SystemLabel(system))
	}
	t.calendar = radio.NewCalendar(t.network.Pairs(), s.Calendar(o.Start))
	t.probes = newProbeTime(t.calendar, t.network.Pairs(), o.RunID)
	t.spoken = make([]atomic.Uint64, (t.network.Pairs()+63)/64)
	if t.duplicates = s.Duplicates(); s.DuplicateRatio > 0 {
		t.originals = new([originalSlots]original)
	}
	if s.Replay.On() && o.Archive != nil {
		t.replay = newReplayer(s, o.Archive, o.Start)
	}
	return t
}

// Follow dates the calls in the calendar of an earlier run's traffic, which must have been made for the time of both:
// so no call of one is a duplicate of the other's, however many they are. Both have the same systems, talkgroups and
// duplicate window. Start is the run's, and first the earlier one's. It is called before the first call is made.
func (t *Traffic) ShareCalendar(first *Traffic, start, firstStart time.Time) {
	t.calendar, t.ahead = first.calendar, start.Sub(firstStart)+first.ahead
}

// Capacity is how many calls the run can have that are no duplicates of each other.
func (t *Traffic) Capacity() uint64 { return uint64(t.network.Pairs()) * t.calendar.Capacity() }

// PerSecond is how many of them there are for each second.
func (t *Traffic) PerSecond() float64 {
	return float64(uint64(t.network.Pairs())*t.calendar.PerStep()) / t.calendar.Step().Seconds()
}

// Schedule says when the calls of an open scenario are due.
func (t *Traffic) Schedule(s *scenario.Scenario) schedule.Schedule {
	if t.replay != nil {
		return t.replay
	}
	return s.Arrivals(s.Shape())
}

// Start has recordings read ahead until the returned function is called. Without a replay, there is nothing to be read.
func (t *Traffic) Start() (stop func()) {
	if t.replay == nil {
		return func() {}
	}
	return t.replay.start()
}

// Waits tells whether making a call may have to wait for the disk.
func (t *Traffic) Waits() bool { return t.replay != nil }

// What is drawn for a call, each by a number of its own.
const (
	drawPlace = iota
	drawAudio
	drawUnit
	drawSite
	drawChannel
	drawPatch
	drawClient
)

// Next makes call n of the run, to be sent at a given time since its start. It is false when there is no unique call
// left for that time.
func (t *Traffic) Next(n uint64, at time.Duration, s *upload.Request) bool {
	s.Duplicate, s.HasDuplicate, s.Skip = false, t.duplicates.Has(n+1), false
	if t.replay != nil {
		return t.replay.next(t.runID, s)
	}
	of := n // the call that it is of
	if t.duplicates.Has(n) {
		s.Duplicate, of = true, n-1
	}
	var pair int
	var date time.Time
	var ok bool
	if s.Duplicate || s.HasDuplicate {
		pair, date, ok = t.placeOriginal(of, at)
	} else {
		pair, date, ok = t.place(of, at)
	}
	if !ok {
		return false
	}
	t.make(n, pair, date, random.Hash(t.seed, of), s)
	if s.Duplicate {
		t.alterDuplicate(n, pair, random.Hash(t.seed, n), s)
	}
	return true
}

// Extra makes a call that is sent beside those of the run: it has a date of its own too, and is no duplicate. Its
// number must be beyond those of the run's calls.
func (t *Traffic) Extra(n uint64, at time.Duration, s *upload.Request) bool {
	s.Duplicate, s.HasDuplicate, s.Skip = false, false, false
	pair, date, ok := t.place(n, at)
	if ok {
		t.make(n, pair, date, random.Hash(t.seed, n), s)
	}
	return ok
}

// make fills a slip in.
func (t *Traffic) make(number uint64, pair int, date time.Time, h uint64, s *upload.Request) {
	v := t.voice(number)
	s.Client, s.Random = v.client, h
	t.describe(pair, date, h, s)
	if v.client.Merges() {
		t.converse(pair, &v, h, s)
	}
	s.Fill(t.runID, number, v.clip)
	s.First = t.markSpoken(pair)
}

// markSpoken notes that a pair has had a call, and tells whether it was the first.
func (t *Traffic) markSpoken(pair int) bool {
	word, bit := &t.spoken[pair/64], uint64(1)<<(pair%64)
	return word.Load()&bit == 0 && word.Or(bit)&bit == 0
}

// alterDuplicate makes a call one that another site has received too, through another radio.
func (t *Traffic) alterDuplicate(n uint64, pair int, h uint64, s *upload.Request) {
	s.Time = s.Time.Add(t.duplicates.Delay(n))
	s.Site = t.network.OtherSite(s.Site, random.Hash(h, drawSite))
	s.Frequency = radio.Frequency(s.System, s.Site, random.Hash(h, drawChannel))
	s.Source = t.network.OtherUnit(pair, s.Source, random.Hash(h, drawUnit))
	for i := range s.Frequencies {
		s.Frequencies[i].Hz = s.Frequency
	}
	if len(s.Units) > 0 {
		s.Units[0].ID = s.Source
	}
}

// Audio makes the audio of a call once more, as it was sent: its file name's extension, its size in bytes and its hash.
func (t *Traffic) Audio(number uint64) (ext string, size int64, sum [sha256.Size]byte) {
	if t.replay != nil {
		return t.replay.audio(number)
	}
	clip := t.voice(number).clip
	return clip.Ext, int64(clip.Size()), clip.Sum(rdio.AppendMark(nil, t.runID, number))
}

// AudioFile is the audio of a call once more, whole; nil if it is of a recording that is gone.
func (t *Traffic) AudioFile(number uint64) []byte {
	if t.replay != nil {
		return t.replay.file(number)
	}
	clip := t.voice(number).clip
	return clip.Bytes(rdio.AppendMark(nil, t.runID, number))
}

// place draws which system and talkgroup call n is of, and dates it. Popular talkgroups may have no time left at high
// rates: then others are drawn, and at last the next that has some is taken. The gaps between lanes, where calls of
// other runs may be, come last.
func (t *Traffic) place(n uint64, at time.Duration) (pair int, date time.Time, ok bool) {
	at += t.ahead
	if step := t.calendar.StepAt(at) + 1; t.full.Load() != step {
		if pair, date, ok = t.claim(n, at, t.calendar.ClaimInLane); ok {
			return pair, date, true
		}
		t.full.Store(step)
	}
	return t.claim(n, at, t.calendar.Claim)
}

// claim draws talkgroups until one has time left.
func (t *Traffic) claim(n uint64, at time.Duration, from func(int, time.Duration) (time.Time, bool)) (pair int,
	date time.Time, ok bool,
) {
	const tries = 8
	for try := range uint64(tries) {
		pair = t.draw(n, try)
		if date, ok = from(pair, at); ok {
			if try > 0 {
				t.moved.Add(1)
			}
			return pair, date, true
		}
	}
	for range t.network.Pairs() {
		pair = (pair + 1) % t.network.Pairs()
		if date, ok = from(pair, at); ok {
			t.moved.Add(1)
			return pair, date, true
		}
	}
	return 0, date, false
}

// draw draws the pair of call n, or with tries another.
func (t *Traffic) draw(n, try uint64) int {
	return t.network.Draw(random.Hash(random.Hash(random.Hash(t.seed, n), drawPlace), try))
}

// describe fills in everything of a call but its audio.
func (t *Traffic) describe(pair int, date time.Time, h uint64, s *upload.Request) {
	system, talkgroup, names := t.network.Pair(pair)
	site := t.network.Site(random.Hash(h, drawSite))
	s.Call = rdio.Call{
		System: system, Talkgroup: talkgroup, Time: date, Site: site,
		Frequency:   radio.Frequency(system, site, random.Hash(h, drawChannel)),
		Source:      t.network.Unit(pair, random.Hash(h, drawUnit)),
		Patches:     t.network.Patch(s.PatchRoom(), pair, random.Hash(h, drawPatch)),
		SystemLabel: t.systems[t.network.SystemIndex(pair)], TalkgroupLabel: names.Label, TalkgroupName: names.Name, TalkgroupTag: names.Tag,
		TalkgroupGroups: names.Groups,
	}
}

// SystemLabel is what a system is called: the calls are recognisable by it, and servers that know systems by their
// labels alone, as tr-engine does, keep one system's calls apart from another's.
func SystemLabel(system int64) string { return "rdiostress-" + strconv.FormatInt(system, 10) }

// ProbeRoom is how much later than the first of them calls before the run can be dated.
func (t *Traffic) ProbeRoom() time.Duration { return t.probes.room }

// ProbeDate is the date of a call some time after the first before the run.
func (t *Traffic) ProbeDate(at time.Duration) time.Time { return t.probes.date(at) }

// ProbeDistance is a distance in time from call n before the run to the next.
func (t *Traffic) ProbeDistance(n uint64, least time.Duration) time.Duration {
	return t.probes.apart(n, least)
}

// Step is how far apart calls of a talkgroup are dated at least.
func (t *Traffic) Step() time.Duration { return t.calendar.Step() }

// Probe makes a call that the slip's client sends before the run, to see whether the server takes calls. It is dated
// some time after the first of them, as no call of this run is, nor of one before it most likely. It has the slip's
// audio, or without that the client's.
func (t *Traffic) Probe(at time.Duration, s *upload.Request) {
	s.Random = random.Hash(t.seed, uint64(s.Client))
	pair := (t.probes.pair + int(s.Client)) % t.network.Pairs()
	if n := len(t.known); n > 0 {
		pair = t.known[(t.probes.pair+int(s.Client))%n]
	}
	t.describe(pair, t.probes.date(at), 0, s)
	clip := s.Clip
	if clip.Body == nil {
		clip = t.clips.Clip(s.Client, ProbeAudio())
	}
	s.FillMarked(rdio.MarkPattern(t.runID)+"probe", clip)
}

// ProbeAudio is how long calls before the run are.
func ProbeAudio() audio.Want { return audio.Want{Length: radio.MeanLength} }
