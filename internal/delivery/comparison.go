package delivery

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/units"
)

// The bits of a receipt's state that describe a call's audio. The account judges by them when all calls were compared.
const (
	sameAudio  uint32 = 1 << (12 + iota) // a row has the audio as it was sent
	otherForm                            // in another format, by its name
	otherM4A                             // as other M4A
	otherBytes                           // with other bytes
	checked                              // it was converted, and checked
	unsound                              // it was checked, and is faulty

	foundAudio = sameAudio | otherForm | otherM4A | otherBytes | checked | unsound
)

// comparison is how the stored audio of a run compares with what was sent. The matcher's lock guards it.
//
// Whether other bytes are damage depends on whether the server converts audio. It may convert M4A to other M4A under
// the same name, which looks like damage. If the setting is not known, this is decided after every call was compared.
type comparison struct {
	converts *bool // nil: not known

	sameM4A, otherM4A bool // some calls sent as M4A are stored with the same bytes; as other M4A
	others            callSample
	notCompared       causes
	uncheckable       string // why converted audio cannot be checked
	faults, changes   notes  // faults of converted audio; how other audio differs
	decoding
}

// measurement is what was measured of audio whose bytes may be gone.
type measurement struct {
	bytes int64
	sound audio.Sound
	err   error
}

// measure measures a row's audio; nil if its bytes are not available.
func (r *Row) measure() *measurement {
	switch {
	case r.measurement != nil:
		return r.measurement
	case r.Size == 0, r.Audio != nil && len(r.Audio) == 0:
		return &measurement{err: errNoBytes}
	case r.Audio == nil:
		return nil
	}
	sound, err := audio.Measure(extension(r.Name), r.Audio)
	return &measurement{int64(len(r.Audio)), sound, err}
}

var (
	errNoBytes  = errors.New("no audio at all")
	errSentGone = errors.New("what was sent cannot be made again")
)

// ReleaseAudio keeps the measurement of a row's audio, and releases its bytes, which belong to the prober.
func (r *Row) ReleaseAudio() { r.measurement, r.Audio = r.measure(), nil }

// compare compares the audio of a row with what was sent, and returns what it found as bits of a receipt.
func (c *comparison) compare(n uint64, sent *Sent, r *Row) (bits uint32) {
	bits = compareAudio(sent, r)
	switch bits {
	case 0:
		c.notCompared.add(cmp.Or(r.NoAudio, "the server keeps neither the audio nor its hash where it can be read"))
		return 0
	case sameAudio:
		c.sameM4A = c.sameM4A || audio.Form(sent.Ext) == formM4A
		return bits
	case otherM4A:
		c.otherM4A = true
	}
	c.others.add(sampledCall{n, r.ID, extension(r.Name)})
	if bits != otherForm && c.changes.wants(n) {
		c.changes.put(n, change(sent, r))
	}
	if bits == otherForm || c.converts == nil && bits == otherM4A || c.converts != nil && *c.converts {
		h := r.measure()
		if h == nil && r.NoAudio != "" {
			c.uncheckable = r.NoAudio
		}
		bits |= c.check(n, sent, h)
	}
	return bits
}

const formM4A = ".m4a"

// compareAudio returns one bit that says how a row's audio compares, or 0 if that is not known.
func compareAudio(sent *Sent, r *Row) uint32 {
	form, kept := audio.Form(sent.Ext), audio.Form(extension(r.Name))
	switch {
	case r.HasSum && r.Sum == sent.Sum:
		return sameAudio
	case kept != "" && kept != form, kept == "" && r.HasSum: // without a name, its format is not known
		return otherForm
	case !r.HasSum && (r.Size < 0 || r.Size == sent.Size):
		return 0
	case form == formM4A:
		return otherM4A
	default:
		return otherBytes
	}
}

// change describes how a row's audio differs.
func change(sent *Sent, r *Row) string {
	if r.Size >= 0 && r.Size != sent.Size {
		return fmt.Sprintf("%d bytes, sent %d%s", r.Size, sent.Size, full(r.Size))
	}
	return fmt.Sprintf("other bytes, %d as sent", sent.Size)
}

// check checks converted audio for properties that hold for every encoder, and returns the result as bits.
func (c *comparison) check(n uint64, sent *Sent, h *measurement) uint32 {
	switch {
	case h == nil:
		return 0
	case errors.Is(h.err, audio.ErrFormat):
		c.uncheckable = "the server keeps it in a form that cannot be checked"
		return 0
	}
	if why := fault(sent, h); why != "" {
		if c.faults.wants(n) {
			c.faults.put(n, why)
		}
		return checked | unsound
	}
	return checked
}

// fault describes what is wrong with converted audio; empty if nothing is.
func fault(sent *Sent, h *measurement) string {
	switch {
	case errors.Is(h.err, audio.ErrCutOff):
		return fmt.Sprintf("cut off after %d bytes%s", h.bytes, full(h.bytes))
	case h.err != nil:
		return h.err.Error()
	}
	was, ok := sent.sound()
	switch {
	case !ok:
		return ""
	case !fits(was.Length, h.sound.Length):
		return fmt.Sprintf(
			"%s long, sent %s", units.Duration(h.sound.Length.Seconds()), units.Duration(was.Length.Seconds()),
		)
	case h.sound.Silent && !was.Silent:
		return fmt.Sprintf("%s of silence", units.Duration(h.sound.Length.Seconds()))
	default:
		return ""
	}
}

// full explains audio that is cut off where a database column is full.
func full(bytes int64) string {
	const blob = 1<<16 - 1 // in MySQL and MariaDB, which may be configured to truncate longer values
	if bytes != blob {
		return ""
	}
	return ", all that a column of the type blob takes"
}

// sound measures the audio that was sent.
func (s *Sent) sound() (audio.Sound, bool) {
	if s.Audio == nil {
		return audio.Sound{}, false
	}
	sound, err := audio.Measure(s.Ext, s.Audio())
	return sound, err == nil
}

// Conversion changes the length by the frames that the encoder adds at the start, and by the rest of the last frame:
// 0.26 s at most in AAC at 8 kHz. rdio-scanner's loudness filter needs 3 s, and pads shorter audio with silence to
// exactly that.
const (
	lengthSlack = 300 * time.Millisecond
	padded      = 3 * time.Second
	paddedSlack = 150 * time.Millisecond // the encoder's first frame
)

// fits reports whether audio of one length may be a conversion of audio with another.
func fits(sent, kept time.Duration) bool {
	return (kept-sent).Abs() <= lengthSlack || sent < padded && (kept-padded).Abs() <= paddedSlack
}

// converted decides which of the calls with other bytes under the same name were converted: those sent as M4A, and the
// rest.
func (c *comparison) converted() (m4a, rest bool) {
	if c.converts != nil {
		return *c.converts, *c.converts
	}
	return c.otherM4A && !c.sameM4A, false
}

// judgeAudio decides about every call with a row, by everything known so far. The caller holds the matcher's lock.
func (m *matcher) judgeAudio() {
	m4a, rest := m.audio.converted()
	wrong := make(map[uint64]string)
	m.ledger.each(func(n uint64, r *receipt) {
		state := r.state.And(^(otherAudio | comparedWell | reencoded))
		bits := uint32(0)
		switch {
		case state&otherForm != 0, m4a && state&otherM4A != 0, rest && state&otherBytes != 0:
			bits = reencoded
			if state&unsound != 0 {
				bits |= otherAudio
			}
		case state&(otherM4A|otherBytes) != 0:
			bits = comparedWell | otherAudio
		case state&sameAudio != 0:
			bits = comparedWell
		}
		r.state.Or(bits)
		if why := m.audio.why(n, bits); why != "" {
			wrong[n] = why
		}
	})
	m.ledger.wrong.Store(&wrong)
}

// why says why the audio of a call is judged this way.
func (c *comparison) why(n uint64, bits uint32) string {
	switch {
	case bits&otherAudio == 0:
		return ""
	case bits&reencoded != 0:
		return c.faults[n]
	default:
		return c.changes[n]
	}
}
