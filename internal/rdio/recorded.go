package rdio

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
)

// sidecarPiece is text of a sidecar, and a time after it.
type sidecarPiece struct {
	text   string
	unit   timeUnit
	offset int64 // of the time from the call's start, in milliseconds
}

// timeUnit is how a time is written.
type timeUnit uint8

const (
	noTime timeUnit = iota
	wholeSeconds
	fractionalSeconds
	milliseconds
)

// recorded returns the fields as they are, except those that were skipped, the list of 2016's numbers among those that
// stay. What is a time is written anew.
func (r *sidecarReader) recorded() []sidecarPiece {
	t := sidecarTemplate{start: r.Time.UnixMilli()}
	t.text("{")
	first := true
	for _, m := range r.members {
		if m.name == "timestamp" || slices.Contains(r.Skipped, m.name) && m.name != "srcList" && m.name != "freqList" ||
			isKnownNumber(m.name) && !isNumber(m.raw) {
			continue
		}
		if !first {
			t.text(", ")
		}
		first = false
		t.member(m)
	}
	return t.finish(first)
}

// isKnownNumber reports whether a field that uploads do not have should be a number.
func isKnownNumber(name string) bool {
	return slices.Contains([]string{
		"freq_error", "signal", "noise", "source_num", "recorder_num", "tdma_slot", "phase2_tdma", "stop_time",
		"stop_time_ms", "emergency", "priority", "mode", "duplex", "call_length", "call_length_ms", "color_code",
		"call_num",
	}, name)
}

func isNumber(raw json.RawMessage) bool {
	_, ok := parseNumber(raw)
	return ok
}

// sidecarTemplate makes the pieces of a sidecar.
type sidecarTemplate struct {
	start  int64 // Unix milliseconds
	buf    []byte
	pieces []sidecarPiece
}

func (t *sidecarTemplate) text(s string) { t.buf = append(t.buf, s...) }

// member writes a field of the sidecar.
func (t *sidecarTemplate) member(m member) {
	name, _ := json.Marshal(m.name)
	t.text(string(name) + ": ")
	switch m.name {
	case "start_time", "stop_time", "time":
		t.seconds(m.raw)
	case "start_time_ms", "stop_time_ms":
		if ms, ok := parseNumber(m.raw); ok {
			t.time(milliseconds, ms-float64(t.start))
			return
		}
		t.raw(m.raw)
	case "srcList", "freqList":
		t.list(m.raw)
	default:
		t.raw(m.raw)
	}
}

// list writes a list, whose objects have times.
func (t *sidecarTemplate) list(raw json.RawMessage) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		t.text("[]")
		return
	}
	t.text("[")
	for i, e := range list {
		if i > 0 {
			t.text(", ")
		}
		members, err := parseObject(e)
		if err != nil {
			t.raw(e)
			continue
		}
		t.text("{")
		for i, m := range members {
			if i > 0 {
				t.text(", ")
			}
			t.member(m)
		}
		t.text("}")
	}
	t.text("]")
}

// seconds writes a time in seconds. Whole seconds count from the second in which the call began.
func (t *sidecarTemplate) seconds(raw json.RawMessage) {
	s, ok := parseNumber(raw)
	switch {
	case !ok:
		t.raw(raw)
	case s == math.Trunc(s):
		t.time(wholeSeconds, s*1000-float64(t.start/1000*1000))
	default:
		t.time(fractionalSeconds, s*1000-float64(t.start))
	}
}

// time ends a piece with a time.
func (t *sidecarTemplate) time(unit timeUnit, offset float64) {
	const most = 1e9
	t.pieces = append(t.pieces, sidecarPiece{string(t.buf), unit, int64(math.Round(min(max(offset, -most), most)))})
	t.buf = t.buf[:0]
}

func (t *sidecarTemplate) raw(raw json.RawMessage) {
	var b bytes.Buffer
	if json.Compact(&b, raw) == nil {
		t.buf = append(t.buf, b.Bytes()...)
	}
}

// finish adds "timestamp", which trunk-recorder does not write, but from which alone rdio-scanner 7 takes the time.
func (t *sidecarTemplate) finish(empty bool) []sidecarPiece {
	if !empty {
		t.text(", ")
	}
	t.text(`"timestamp": `)
	t.time(milliseconds, 0)
	t.text("}")
	return append(t.pieces, sidecarPiece{text: string(t.buf)})
}

// recorded writes a recording's sidecar for a call that begins at the upload's time.
func (w *formWriter) recorded(u *Upload) {
	start := u.Time.UnixMilli()
	for i := range u.Sidecar.pieces {
		p := &u.Sidecar.pieces[i]
		w.text(p.text)
		switch p.unit {
		case wholeSeconds:
			w.number(start/1000 + p.offset/1000)
		case fractionalSeconds:
			ms := start + p.offset
			w.number(ms / 1000)
			w.text(".")
			w.buf = appendDigits(w.buf, int(ms%1000), 3)
		case milliseconds:
			w.number(start + p.offset)
		}
	}
}
