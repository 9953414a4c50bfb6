package delivery

// MaxAudio is how many bytes of a call's audio are kept in memory. For larger audio, only the hash is known.
const MaxAudio = 16 << 20

// AudioBuffer keeps what is written to it, up to a limit.
type AudioBuffer struct {
	limit, total int
	bytes        []byte
}

// NewAudioBuffer returns a buffer that keeps at most limit bytes.
func NewAudioBuffer(limit int) *AudioBuffer { return &AudioBuffer{limit: limit, bytes: []byte{}} }

// Write implements io.Writer. It never fails.
func (b *AudioBuffer) Write(p []byte) (int, error) {
	if b.total += len(p); b.total <= b.limit {
		b.bytes = append(b.bytes, p...)
	} else {
		b.bytes = nil
	}
	return len(p), nil
}

// Len returns the number of bytes written.
func (b *AudioBuffer) Len() int { return b.total }

// Bytes returns what was written; nil if that exceeds the limit.
func (b *AudioBuffer) Bytes() []byte { return b.bytes }
