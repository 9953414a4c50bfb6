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

// Traffic makes the calls of a run. The talkgroup, the length and the radio of a call are drawn from a [radio.Network],
// and its date is claimed from a [radio.Calendar], so that no server can take two calls for duplicates of each other.
//
// Call n depends on the seed and n alone, with two exceptions: if several calls of a talkgroup are made at the same
// time, their order decides between their dates, and if a talkgroup has no date left, another one gets the call.
//
// It is safe for concurrent use, and does not allocate for a call.
type Traffic struct {
	runID    string
	seed     uint64
	network  *radio.Network
	calendar *radio.Calendar
	clips    Clips
	mix      scenario.Mix
	systems  []string           // labels
	sizes    scenario.SizeRange // of the audio; zero: as the length of the call demands

	known      []int                    // pairs that are known to the server
	duplicates schedule.Duplicates      // which calls are intentional duplicates
	originals  *[originalSlots]original // pairs and dates of the originals
	replay     *replayer                // recorded calls instead of drawn ones, or nil
	probes     probeTime                // dates of calls before the run
	moved      atomic.Uint64            // calls that went to another talkgroup, as theirs had no date left
	ahead      time.Duration            // how long after the calendar's start the run starts
	full       atomic.Uint64            // step of the calendar in which all lanes were full, plus one
	called     []atomic.Uint64          // a bit for each pair that has had a call
}

// Options says what the calls of a run are made of, besides the scenario.
type Options struct {
	RunID   string
	Start   time.Time // of the run
	Clips   Clips
	Archive *replay.Archive // recordings of a scenario with a replay
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
	t.called = make([]atomic.Uint64, (t.network.Pairs()+63)/64)
	if t.duplicates = s.Duplicates(); s.DuplicateRatio > 0 {
		t.originals = new([originalSlots]original)
	}
	if s.Replay.On() && o.Archive != nil {
		t.replay = newReplayer(s, o.Archive, o.Start)
	}
	return t
}

// ShareCalendar dates the calls with the calendar of an earlier run's traffic, which must be long enough for both runs.
// Then no call of one run is a duplicate of a call of the other. Both have the same systems, talkgroups and duplicate
// window. Start and firstStart are the starts of the two runs. It must be called before the first call is made.
func (t *Traffic) ShareCalendar(first *Traffic, start, firstStart time.Time) {
	t.calendar, t.ahead = first.calendar, start.Sub(firstStart)+first.ahead
}

// Capacity returns how many calls the run can have of which no two are duplicates of each other.
func (t *Traffic) Capacity() uint64 { return uint64(t.network.Pairs()) * t.calendar.Capacity() }

// PerSecond returns how many such calls the run can have in each second.
func (t *Traffic) PerSecond() float64 {
	return float64(uint64(t.network.Pairs())*t.calendar.PerStep()) / t.calendar.Step().Seconds()
}

// Schedule returns when the calls of an open scenario are due.
func (t *Traffic) Schedule(s *scenario.Scenario) schedule.Schedule {
	if t.replay != nil {
		return t.replay
	}
	return s.Arrivals(s.Shape())
}

// Start reads recordings ahead until the returned function is called. Without a replay, it does nothing.
func (t *Traffic) Start() (stop func()) {
	if t.replay == nil {
		return func() {}
	}
	return t.replay.start()
}

// Waits reports whether making a call may have to wait for the disk.
func (t *Traffic) Waits() bool { return t.replay != nil }

// Numbers of the random draws of a call.
const (
	drawPlace = iota
	drawAudio
	drawUnit
	drawSite
	drawChannel
	drawPatch
	drawClient
)

// Next makes call n of the run, which is to be sent at a time since its start. It reports false if there is no unique
// call left for that time.
func (t *Traffic) Next(n uint64, at time.Duration, r *upload.Request) bool {
	r.Duplicate, r.HasDuplicate, r.Skip = false, t.duplicates.Has(n+1), false
	if t.replay != nil {
		return t.replay.next(t.runID, r)
	}
	of := n // the original of the call, or the call itself
	if t.duplicates.Has(n) {
		r.Duplicate, of = true, n-1
	}
	var pair int
	var date time.Time
	var ok bool
	if r.Duplicate || r.HasDuplicate {
		pair, date, ok = t.placeOriginal(of, at)
	} else {
		pair, date, ok = t.place(of, at)
	}
	if !ok {
		return false
	}
	t.fill(n, pair, date, random.Hash(t.seed, of), r)
	if r.Duplicate {
		t.alterDuplicate(n, pair, random.Hash(t.seed, n), r)
	}
	return true
}

// Extra makes a call that is sent besides those of the run. It has a date of its own and is no duplicate. Its number
// must be greater than those of the run's calls.
func (t *Traffic) Extra(n uint64, at time.Duration, r *upload.Request) bool {
	r.Duplicate, r.HasDuplicate, r.Skip = false, false, false
	pair, date, ok := t.place(n, at)
	if ok {
		t.fill(n, pair, date, random.Hash(t.seed, n), r)
	}
	return ok
}

// fill makes a call in a request.
func (t *Traffic) fill(number uint64, pair int, date time.Time, h uint64, r *upload.Request) {
	v := t.voice(number)
	r.Client, r.Random = v.client, h
	t.setCall(pair, date, h, r)
	if v.client.Merges() {
		t.setConversation(pair, &v, h, r)
	}
	r.Fill(t.runID, number, v.clip)
	r.First = t.markCalled(pair)
}

// markCalled records that a pair has had a call, and reports whether it was the first.
func (t *Traffic) markCalled(pair int) bool {
	word, bit := &t.called[pair/64], uint64(1)<<(pair%64)
	return word.Load()&bit == 0 && word.Or(bit)&bit == 0
}

// alterDuplicate changes a call to one that another site has received, from another radio.
func (t *Traffic) alterDuplicate(n uint64, pair int, h uint64, r *upload.Request) {
	r.Time = r.Time.Add(t.duplicates.Delay(n))
	r.Site = t.network.OtherSite(r.Site, random.Hash(h, drawSite))
	r.Frequency = radio.Frequency(r.System, r.Site, random.Hash(h, drawChannel))
	r.Source = t.network.OtherUnit(pair, r.Source, random.Hash(h, drawUnit))
	for i := range r.Frequencies {
		r.Frequencies[i].Hz = r.Frequency
	}
	if len(r.Units) > 0 {
		r.Units[0].ID = r.Source
	}
}

// Audio makes the audio of a call again, as it was sent, and returns the extension of its file name, its size in bytes
// and its hash.
func (t *Traffic) Audio(number uint64) (ext string, size int64, sum [sha256.Size]byte) {
	if t.replay != nil {
		return t.replay.audio(number)
	}
	clip := t.voice(number).clip
	return clip.Ext, int64(clip.Size()), clip.Sum(rdio.AppendMark(nil, t.runID, number))
}

// AudioFile returns the audio of a call again, or nil if it is that of a recording that is gone.
func (t *Traffic) AudioFile(number uint64) []byte {
	if t.replay != nil {
		file, _ := t.replay.file(number)
		return file
	}
	clip := t.voice(number).clip
	return clip.Bytes(rdio.AppendMark(nil, t.runID, number))
}

// place draws the pair of call n and dates the call. At high rates, popular talkgroups may have no date left. Then
// other talkgroups are drawn, and finally the next one with a free date is taken. The gaps between the lanes, where
// calls of other runs may be, are used last.
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

// claim draws pairs until one has a free date.
func (t *Traffic) claim(
	n uint64, at time.Duration, from func(int, time.Duration) (time.Time, bool),
) (pair int, date time.Time, ok bool) {
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

// draw draws the pair of call n. Each try draws another one.
func (t *Traffic) draw(n, try uint64) int {
	return t.network.Draw(random.Hash(random.Hash(random.Hash(t.seed, n), drawPlace), try))
}

// setCall sets everything of a call except its audio.
func (t *Traffic) setCall(pair int, date time.Time, h uint64, r *upload.Request) {
	system, talkgroup, names := t.network.Pair(pair)
	site := t.network.Site(random.Hash(h, drawSite))
	r.Call = rdio.Call{
		System: system, Talkgroup: talkgroup, Time: date, Site: site,
		Frequency:      radio.Frequency(system, site, random.Hash(h, drawChannel)),
		Source:         t.network.Unit(pair, random.Hash(h, drawUnit)),
		Patches:        t.network.Patch(r.PatchRoom(), pair, random.Hash(h, drawPatch)),
		SystemLabel:    t.systems[t.network.SystemIndex(pair)],
		TalkgroupLabel: names.Label, TalkgroupName: names.Name, TalkgroupTag: names.Tag,
		TalkgroupGroups: names.Groups,
	}
}

// SystemLabel returns the label of a system. The label identifies the calls, and keeps them apart in servers such as
// tr-engine that know systems by their labels alone.
func SystemLabel(system int64) string { return "rdiostress-" + strconv.FormatInt(system, 10) }

// ProbeRoom returns how much later than the first one a call before the run can be dated.
func (t *Traffic) ProbeRoom() time.Duration { return t.probes.room }

// ProbeDate returns the date of a call before the run, given its distance from the first one.
func (t *Traffic) ProbeDate(at time.Duration) time.Time { return t.probes.date(at) }

// ProbeDistance returns a distance in time from call n before the run to the next.
func (t *Traffic) ProbeDistance(n uint64, least time.Duration) time.Duration {
	return t.probes.distance(n, least)
}

// Step returns the least distance between the dates of two calls of a talkgroup.
func (t *Traffic) Step() time.Duration { return t.calendar.Step() }

// Probe makes a call of the request's client that is sent before the run, to see whether the server takes calls. At is
// its distance from the first such call. No call of this run has its date, and most likely no call of an earlier run.
// Its audio is that of the request, or the client's if the request has none.
func (t *Traffic) Probe(at time.Duration, r *upload.Request) {
	r.Random = random.Hash(t.seed, uint64(r.Client))
	pair := (t.probes.pair + int(r.Client)) % t.network.Pairs()
	if n := len(t.known); n > 0 {
		pair = t.known[(t.probes.pair+int(r.Client))%n]
	}
	t.setCall(pair, t.probes.date(at), 0, r)
	clip := r.Clip
	if clip.Body == nil {
		clip = t.clips.Clip(r.Client, ProbeAudio())
	}
	r.FillMarked(rdio.MarkPattern(t.runID)+"probe", clip)
}

// ProbeAudio returns the audio of calls before the run.
func ProbeAudio() audio.Want { return audio.Want{Length: radio.MeanLength} }
