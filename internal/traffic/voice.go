package traffic

import (
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/radio"
	"rdiostress/internal/random"
	"rdiostress/internal/rdio"
	"rdiostress/internal/upload"
)

// voice is the part of a call that depends on the seed and the number alone: its client and its audio.
type voice struct {
	client rdio.Client
	clip   audio.Clip

	// of a merged call: its drawn length, and when each of its transmissions starts
	length time.Duration
	starts [radio.MaxTransmissions]time.Duration
	count  int
}

// voice draws the voice of a call.
func (t *Traffic) voice(number uint64) (v voice) {
	n := number
	if t.duplicates.Has(n) {
		n--
	}
	h := random.Hash(t.seed, n)
	v.client = t.mix.Pick(random.Hash(h, drawClient))
	h = random.Hash(h, drawAudio)
	if v.client.Merges() {
		v.length, v.starts, v.count = t.network.Merged(h)
	} else {
		v.length = t.network.Length(h)
	}
	want := audio.Want{Length: v.length, Random: h}
	if t.sizes.Max > 0 {
		want.Bytes = t.sizes.Min + int(random.Below(h, uint32(t.sizes.Max-t.sizes.Min+1)))
	}
	v.clip = t.clips.Clip(v.client, want)
	return v
}

// setConversation sets who speaks in a merged call, and when. It scales the drawn times to the length of the audio,
// which can differ by a fraction of a frame, or because the audio has a given size. The whole call is on one channel.
func (t *Traffic) setConversation(pair int, v *voice, h uint64, r *upload.Request) {
	total := v.clip.Duration.Seconds()
	r.Units = t.network.Conversation(r.UnitRoom(), pair, v.starts[:v.count], random.Hash(h, drawUnit))
	r.Frequencies = r.FrequencyRoom()[:v.count]
	r.Source = r.Units[0].ID
	for i := range r.Units {
		r.Units[i].OffsetS = v.starts[i].Seconds() / v.length.Seconds() * total
	}
	for i, end := v.count-1, total; i >= 0; i-- {
		at := r.Units[i].OffsetS
		r.Frequencies[i] = rdio.Frequency{Hz: r.Frequency, OffsetS: at, LengthS: end - at}
		end = at
	}
}
