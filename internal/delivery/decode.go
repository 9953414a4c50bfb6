package delivery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// AudioOptions say how stored audio is compared with the sent audio.
type AudioOptions struct {
	// Sent returns the audio that was sent for a call of the run. If it is nil, stored audio is not compared, and
	// NotCompared says why.
	Sent        func(n uint64) (Sent, bool)
	NotCompared string

	// ConvertsAudio says whether the server converts audio before it stores it. If it is nil, a Catalogue is asked.
	ConvertsAudio *bool

	// Decoder decodes some of the converted audio. If it is nil, nothing is decoded, and NotDecoded says why.
	Decoder    *audio.Decoder
	NotDecoded string
	DecodeTime time.Duration // limit for all decoding; 0 means 15 s
}

// newMatcher returns a matcher for a ledger's calls.
func newMatcher(l *Ledger, o *AudioOptions) *matcher {
	return &matcher{
		ledger:     l,
		sent:       o.Sent,
		audio:      comparison{converts: o.ConvertsAudio},
		decodeTime: cmp.Or(o.DecodeTime, decodeLimit),
	}
}

// askSettings asks a prober whether the server converts audio, if that matters and is not known yet. It asks after the
// run, because a locked database would delay the first call. If the setting cannot be read, it stays unknown, and the
// stored audio decides.
func (m *matcher) askSettings(ctx context.Context, p Place) {
	catalogue, ok := p.(Catalogue)
	if !ok || m.sent == nil || m.audio.converts != nil {
		return
	}
	settings, err := catalogue.Settings(ctx)
	if err != nil && settings.ConvertsAudio == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.audio.converts = settings.ConvertsAudio
}

// audioReader is a Prober that can read a call's stored audio again by its row's id.
type audioReader interface {
	Audio(ctx context.Context, id int64) ([]byte, error)
}

// decoding is the result of decoding converted audio. A new account keeps it, since decoding is slow.
type decoding struct {
	decoded    map[uint64]string // the fault of each decoded call; empty if none
	notDecoded string            // why no more were
}

const (
	maxDecoded  = 20
	decodeLimit = 15 * time.Second // for all decoding
)

// resetAudio forgets the results of all rows before they are visited again.
func (m *matcher) resetAudio() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.audio = comparison{converts: m.audio.converts, decoding: m.audio.decoding}
}

// checkAudio checks converted audio whose bytes were not available when its row was visited, decodes some of it, and
// decides about every call. It holds one call's audio at a time. hurry says why no more audio can be read; it is empty
// if there is time.
func (m *matcher) checkAudio(ctx context.Context, p Place, o *AudioOptions, hurry string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.judgeAudio()
	k, ok := p.(audioReader)
	switch {
	case !ok:
		m.audio.notDecoded = "the " + p.Method() + " gives no stored audio"
	case hurry != "":
		m.audio.notDecoded, m.audio.uncheckable = hurry, cmp.Or(m.audio.uncheckable, hurry)
	default:
		m.checkSample(ctx, k)
		m.decode(ctx, k, o)
	}
	m.judgeAudio()
}

// cutShort is the reason for unchecked audio if the user ended the wait.
const cutShort = "the wait was cut short"

// whyHurry says why there is no time to read audio; empty if there is.
func whyHurry(ctx context.Context, err error) string {
	switch {
	case ctx.Err() != nil:
		return cutShort
	case err != nil:
		return "the calls could not be read to the end"
	default:
		return ""
	}
}

// checkSample checks the sample of converted audio that is not checked yet.
func (m *matcher) checkSample(ctx context.Context, k audioReader) {
	for _, c := range m.audio.others.kept {
		receipt := m.ledger.slot(c.n)
		if receipt.state.Load()&(reencoded|checked) != reencoded {
			continue
		}
		file, sent, err := m.rereadAudio(ctx, k, c)
		if err != nil {
			m.audio.uncheckable = err.Error()
			if ctx.Err() != nil {
				m.audio.uncheckable = cutShort
			}
			return
		}
		row := Row{Name: c.ext, Size: int64(len(file)), Audio: file}
		receipt.state.Or(m.audio.check(c.n, sent, row.measure()))
	}
}

// rereadAudio reads stored audio again, and builds the audio that was sent.
func (m *matcher) rereadAudio(ctx context.Context, k audioReader, c sampledCall) (file []byte, sent *Sent, err error) {
	if file, err = k.Audio(ctx, c.id); err != nil {
		return nil, nil, fmt.Errorf("the stored audio could not be read again: %w", err)
	}
	s, ok := m.sent(c.n)
	if !ok {
		return nil, nil, errSentGone
	}
	return file, &s, nil
}

// decode decodes some of the converted calls without a known fault, once in a run.
func (m *matcher) decode(ctx context.Context, k audioReader, o *AudioOptions) {
	if m.audio.decoded == nil {
		m.audio.decoding = m.decodeSome(ctx, k, o)
	}
	for n, why := range m.audio.decoded {
		if why != "" {
			m.audio.faults.put(n, why)
			m.ledger.slot(n).state.Or(unsound)
		}
	}
}

func (m *matcher) decodeSome(ctx context.Context, k audioReader, o *AudioOptions) (d decoding) {
	var sound []sampledCall
	for _, c := range m.audio.others.kept {
		r := m.ledger.slot(c.n)
		if r.owed() && r.state.Load()&(reencoded|checked|unsound) == reencoded|checked {
			sound = append(sound, c)
		}
	}
	if len(sound) == 0 || o.Decoder == nil {
		return decoding{notDecoded: cmp.Or(o.NotDecoded, "not asked for")}
	}
	limited, cancel := context.WithTimeout(ctx, m.decodeTime)
	defer cancel()
	err := o.Decoder.Try(limited)
	d.decoded = make(map[uint64]string)
	for _, c := range pickEvenly(sound, maxDecoded) {
		var why string
		if err == nil {
			why, err = m.decodeOne(limited, k, o.Decoder, c)
		}
		if err != nil {
			break
		}
		d.decoded[c.n] = why
	}
	switch {
	case err != nil && ctx.Err() != nil:
		d.notDecoded = cutShort
	case err != nil && limited.Err() != nil:
		d.notDecoded = "decoding took too long"
	case err != nil:
		d.notDecoded = err.Error()
	}
	return d
}

// decodeOne decodes the stored audio of a call, and describes what is wrong with it. The error says why decoding failed
// for a reason outside of the audio.
func (m *matcher) decodeOne(
	ctx context.Context,
	k audioReader,
	d *audio.Decoder,
	c sampledCall,
) (why string, err error) {
	file, sent, err := m.rereadAudio(ctx, k, c)
	if err != nil {
		return "", err
	}
	frame, err := audio.Measure(c.ext, file)
	if err != nil {
		return "", err
	}
	sound, err := d.Decode(ctx, c.ext, file)
	was, known := sent.sound()
	switch {
	case errors.Is(err, audio.ErrUndecodable):
		return err.Error(), nil
	case err != nil:
		return "", err
	case (sound.Length - frame.Length).Abs() > lengthSlack: // the last frame is decoded in full, 0.13 s at 8 kHz
		return fmt.Sprintf(
			"%s can be decoded of %s", units.Duration(sound.Length.Seconds()), units.Duration(frame.Length.Seconds()),
		), nil
	case sound.Silent && known && !was.Silent:
		return fmt.Sprintf("decoded, it is %s of silence", units.Duration(sound.Length.Seconds())), nil
	default:
		return "", nil
	}
}

// describeAudioFault describes what is wrong with a call's audio, after a colon; empty if not known.
func (l *Ledger) describeAudioFault(n uint64) string {
	if wrong := l.wrong.Load(); wrong != nil && (*wrong)[n] != "" {
		return ": " + (*wrong)[n]
	}
	return ""
}

// describeAudio writes to d which audio was checked, and why not more.
func (m *matcher) describeAudio(d *measure.Delivery, o *AudioOptions) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &m.audio
	kept, unchecked := *d.Stored+*d.Corrupted, *d.AudioConverted-*d.AudioConvertedChecked
	if *d.AudioConverted > 0 {
		n := uint64(len(c.decoded))
		d.AudioDecoded, d.AudioNotDecoded = &n, c.notDecoded
	}
	unseen := slices.Clone(c.notCompared)
	if unchecked > 0 {
		why := "the server converts audio, and only a sample of it was checked"
		if *d.AudioConvertedChecked == 0 {
			why = "the server converts audio, and what it keeps cannot be read"
		}
		unseen = append(unseen, cause{cmp.Or(c.uncheckable, why), unchecked})
	}
	if rest := int64(kept - *d.AudioCompared - *d.AudioConverted - c.notCompared.calls()); rest > 0 {
		unseen = append(unseen, cause{"it was seen stored, and could not be read again", uint64(rest)})
	}
	switch {
	case kept == 0:
		d.AudioNotCompared = "no call was found stored"
	case o.Sent == nil:
		d.AudioNotCompared = cmp.Or(o.NotCompared, "not asked for")
	default:
		d.AudioNotCompared = unseen.describe(kept)
	}
}
