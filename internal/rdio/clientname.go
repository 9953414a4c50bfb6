package rdio

import (
	"strconv"
	"time"
)

// AppendName appends the name that the client gives to a call's audio file, without its extension. The mark stands
// where the client counts calls or channels, or behind the rest where it does neither, so that the name stays one that
// it could give.
func (c Client) AppendName(dst []byte, call *Call, mark []byte) []byte {
	switch c {
	case SDRTrunk: // 20261123_101112.123
		dst = append(appendCompact(dst, call.Time), '_')
	case TrunkRecorder, TrunkRecorder52, TrunkRecorderMeta: // 1001-1764000000_851012500-call_42
		dst = append(strconv.AppendInt(dst, call.Talkgroup, 10), '-')
		dst = append(strconv.AppendInt(dst, call.Time.Unix(), 10), '_')
		dst = append(strconv.AppendInt(dst, call.Frequency, 10), "-call_"...)
	case Voxcall: // 1764000000-1
		dst = append(strconv.AppendInt(dst, call.Time.Unix(), 10), '-')
	}
	return append(dst, mark...)
}

// appendCompact appends a time as SDRTrunk names files, such as 20261123_101112.123.
func appendCompact(dst []byte, t time.Time) []byte {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = appendDigits(dst, year*10_000+int(month)*100+day, 8)
	dst = append(dst, '_')
	dst = appendDigits(dst, hour*10_000+minute*100+second, 6)
	dst = append(dst, '.')
	return appendDigits(dst, t.Nanosecond()/1_000_000, 3)
}

// appendISO appends a time in UTC as RFC 3339 has it, with a number of digits of the second's fraction, up to 9, and
// without its Z.
func appendISO(dst []byte, t time.Time, digits int) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = append(appendDigits(dst, year, 4), '-')
	dst = append(appendDigits(dst, int(month), 2), '-')
	dst = append(appendDigits(dst, day, 2), 'T')
	dst = append(appendDigits(dst, hour, 2), ':')
	dst = append(appendDigits(dst, minute, 2), ':')
	dst = appendDigits(dst, second, 2)
	if digits == 0 {
		return dst
	}
	fraction := t.Nanosecond()
	for range 9 - digits {
		fraction /= 10
	}
	return appendDigits(append(dst, '.'), fraction, digits)
}

// appendDigits appends a number that is not negative in a number of digits, nine at most. Two at a time: each has to
// wait for the division before it.
func appendDigits(dst []byte, n, digits int) []byte {
	const zeros = "000000000"
	at := len(dst)
	dst = append(dst, zeros[:digits]...)
	rest, i := uint32(n), len(dst)
	for ; i-at >= 2; i -= 2 {
		pair := rest % 100
		dst[i-1], dst[i-2] = byte('0'+pair%10), byte('0'+pair/10)
		rest /= 100
	}
	if i > at {
		dst[at] = byte('0' + rest%10)
	}
	return dst
}

// appendHundredths appends a number of seconds with two decimals.
func appendHundredths(dst []byte, seconds float64) []byte {
	n := int64(seconds*100 + 0.5)
	dst = append(strconv.AppendInt(dst, n/100, 10), '.')
	return appendDigits(dst, int(n%100), 2)
}
