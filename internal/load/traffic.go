package load

import (
	"crypto/sha256"
	"math"
	"strconv"
	"sync/atomic"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/rdio"
)

// Traffic makes the calls of a run, no two of which a server can take for duplicates: RdioScanner drops a call when another one
// of the same system and talkgroup lies within 500 ms, and a dateTime in whole seconds leaves each talkgroup one call a
// second.
//
// So the calls of one second of the run go to different talkgroups. When a second has more calls than there are talkgroups,
// the further ones are dated back by whole lanes, hours apart, which no other second of the run uses. Two runs one after the
// other do not collide either, as each dates its calls by its own time (lanes of two runs meet only if they started just a
// multiple of the lane gap apart).
//
// It is safe for concurrent use.
type Traffic struct {
	runID      string
	start      time.Time
	seed       uint64
	systems    IDs
	talkgroups IDs
	labels     []string // by talkgroup
	clips      Clips
	sizes      SizeRange // of the audio; zero: as long as calls are
	laneGap    time.Duration
	lanes      uint64        // per second, the first included
	slots      atomic.Uint64 // the second that calls are made for, and how many it has: second<<slotBits | count
}

const (
	// callAge is how long before it is due a call is dated: no clock of a server is so far behind that it lies in the future,
	// which makes rdio-scanner 7 crash, and clients send calls about as late.
	callAge = time.Minute

	// minLaneGap is no divisor of a day or a few, so that nightly runs do not collide.
	minLaneGap = 4*time.Hour + 41*time.Minute

	// maxLaneAge keeps every call younger than the seven days after which rdio-scanner prunes.
	maxLaneAge = 6 * 24 * time.Hour

	slotBits = 32
)

// NewTraffic returns the calls of a run that starts at start.
func NewTraffic(s *Scenario, runID string, start time.Time, clips Clips) *Traffic {
	t := &Traffic{
		runID: runID, start: start.Truncate(time.Second).UTC(), seed: s.Seed, systems: s.Systems, talkgroups: s.Talkgroups,
		clips: clips, sizes: s.AudioSize, laneGap: max(minLaneGap, s.Length()+time.Minute), lanes: 1,
	}
	t.lanes += uint64(max(0, maxLaneAge-s.Length()) / t.laneGap)
	t.labels = make([]string, len(t.talkgroups))
	for i, tg := range t.talkgroups {
		t.labels[i] = "TG " + strconv.FormatInt(tg, 10)
	}
	return t
}

// MaxPerSecond is how many unique calls there can be in one second.
func (t *Traffic) MaxPerSecond() uint64 {
	return uint64(len(t.systems)) * uint64(len(t.talkgroups)) * t.lanes
}

// Next makes call n of the run, to be sent at a given time since its start. It is false when that second has no unique call
// left.
func (t *Traffic) Next(n uint64, at time.Duration, s *Slip) bool {
	second, slot, ok := t.claim(uint64(max(at, 0) / time.Second))
	if !ok {
		return false
	}
	pairs := uint64(len(t.systems) * len(t.talkgroups))
	// Seconds begin at different talkgroups, so that a slow run uses all of them too.
	pair := (slot + second*pairStride) % pairs
	tg := pair / uint64(len(t.systems))
	h := hash(t.seed, n)
	client, clip := t.audio(n)
	s.Client, s.Random = client, h
	s.Call = rdio.Call{
		System:         t.systems[pair%uint64(len(t.systems))],
		Talkgroup:      t.talkgroups[tg],
		Time:           t.time(second, slot/pairs),
		Frequency:      851_012_500 + int64(h>>8%720)*25_000, // the 800 MHz public-safety band
		Source:         4_424_000 + int64(h>>24%900),
		SystemLabel:    systemLabel,
		TalkgroupLabel: t.labels[tg],
	}
	s.Fill(t.runID, n, clip)
	return true
}

// audio is the client and the audio of call n, which depend on nothing but the seed.
func (t *Traffic) audio(n uint64) (rdio.Client, audio.Clip) {
	return rdio.SDRTrunk, t.clip(rdio.SDRTrunk, hash(t.seed, n))
}

// Audio makes the audio of call n once more, as it was sent: its file name's extension, its size in bytes and its hash.
func (t *Traffic) Audio(n uint64) (ext string, size int64, sum [sha256.Size]byte) {
	_, clip := t.audio(n)
	return clip.Ext, int64(clip.Size()), clip.Sum(rdio.AppendMark(nil, t.runID, n))
}

// clip picks a call's audio by a random number.
func (t *Traffic) clip(c rdio.Client, h uint64) audio.Clip {
	if t.sizes.Max == 0 {
		return t.clips.Clip(c, audio.Want{Length: callLength(h), Random: h})
	}
	spread := uint64(t.sizes.Max - t.sizes.Min + 1)
	return t.clips.Clip(c, audio.Want{Bytes: t.sizes.Min + int(hash(h, 3)%spread), Random: h})
}

// Probe makes the one call that is sent before the run, to see whether the server takes calls. It lies between the lanes, where
// no call of this run or of one before it is.
func (t *Traffic) Probe(s *Slip) {
	s.Client = rdio.SDRTrunk
	s.Call = rdio.Call{
		System: t.systems[0], Talkgroup: t.talkgroups[0], Time: t.time(0, 0).Add(-minLaneGap / 2),
		SystemLabel: systemLabel, TalkgroupLabel: t.labels[0],
	}
	s.mark = append(s.mark[:0], rdio.MarkPattern(t.runID)+"probe"...)
	s.Clip = t.clips.Clip(s.Client, audio.Want{Length: meanLength})
	s.finish()
}

const (
	systemLabel = "rdiostress" // makes the calls recognisable on the server
	pairStride  = 37
)

// claim takes the next free place in a second, or in a later one if others have moved on.
func (t *Traffic) claim(second uint64) (sec, slot uint64, ok bool) {
	for {
		old := t.slots.Load()
		next := old + 1
		if second > old>>slotBits {
			next = second<<slotBits | 1
		}
		sec, slot = next>>slotBits, next&(1<<slotBits-1)-1
		if slot >= t.MaxPerSecond() {
			return 0, 0, false
		}
		if t.slots.CompareAndSwap(old, next) {
			return sec, slot, true
		}
	}
}

// time is when a call of a second and lane began.
func (t *Traffic) time(second, lane uint64) time.Time {
	return t.start.Add(time.Duration(second)*time.Second - time.Duration(lane)*t.laneGap - callAge)
}

const (
	// meanLength is the mean of 809,042 transmissions on the Butler County, Ohio network in August 2010: 1,193:59:31 of
	// airtime.
	meanLength = 5310 * time.Millisecond
	// lengthSigma is the spread of the lognormal that call holding times follow (Sharp et al., IEEE JSAC 22(7), 2004); its
	// value is an estimate.
	lengthSigma = 0.8
	minLength   = 500 * time.Millisecond
	maxLength   = 60 * time.Second
)

// callLength draws a call's length from a random number.
func callLength(h uint64) time.Duration {
	length := meanLength.Seconds() * math.Exp(lengthSigma*normal(h)-lengthSigma*lengthSigma/2)
	return min(max(time.Duration(length*float64(time.Second)), minLength), maxLength)
}

// hash mixes a seed and a number into a random-looking one, so that call n is the same whoever makes it (SplitMix64).
func hash(seed, n uint64) uint64 {
	x := seed + (n+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
