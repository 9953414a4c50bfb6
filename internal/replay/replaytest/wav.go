package replaytest

import "encoding/binary"

// WAV makes a WAV of 8 kHz with sound in it.
func WAV(seconds int) []byte {
	samples := make([]byte, 16000*seconds)
	for i := range samples {
		samples[i] = byte(i * 7)
	}
	file := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(len(samples)+36))...)
	file = append(file, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00"...)
	file = append(file, "\x80\x3e\x00\x00\x02\x00\x10\x00data"...)
	return append(binary.LittleEndian.AppendUint32(file, uint32(len(samples))), samples...)
}
