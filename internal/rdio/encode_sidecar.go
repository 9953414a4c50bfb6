package rdio

import (
	"strings"
	"unicode/utf8"
)

// trunkRecorderMeta writes what the upload script of rdio-scanner's documentation does: the audio and, as a file, the
// JSON that trunk-recorder has written beside it, which knows no system number.
func (w *formWriter) trunkRecorderMeta(e *Encoder, u *Upload) {
	w.next().text(e.key)
	w.next().file(u, u.AudioType)
	w.next().text(strings.TrimSuffix(u.AudioName, extension(u.AudioName)))
	w.text(".json\"\r\nContent-Type: application/json\r\n\r\n")
	if u.Sidecar != nil {
		w.recorded(u)
	} else {
		w.sidecar(u)
	}
	w.next().number(u.System)
}

// extension is the end of a file name from its last dot on.
func extension(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[i:]
	}
	return ""
}

// sidecar writes all that trunk-recorder's does, with what version 5.2 adds. "timestamp" is not trunk-recorder's: it is
// all that rdio-scanner 7 takes for a call's time, which without it would be that of the upload, and its calls
// duplicates.
func (w *formWriter) sidecar(u *Upload) {
	start, length := u.Time.UnixMilli(), u.Duration.Milliseconds()
	signal := sidecarSignal(u)
	w.field(`{"call_num`, int64(u.Number))
	w.field(`, "freq`, u.Frequency)
	w.field(`, "freq_error`, int64(u.Random>>16%400)-200) // Hz
	w.field(`, "signal`, signal)
	w.field(`, "noise`, signal-30)
	w.text(`, "source_num": 0`)
	w.field(`, "recorder_num`, int64(u.Random>>32%8))
	w.text(`, "tdma_slot": 0, "phase2_tdma": 0`)
	w.field(`, "start_time`, start/1000)
	w.field(`, "stop_time`, (start+length)/1000)
	w.text(`, "emergency": 0, "priority": 3, "mode": 0, "duplex": 0, "encrypted": 0`)
	w.field(`, "call_length`, (length+500)/1000)
	w.field(`, "talkgroup`, u.Talkgroup)
	w.quoted(`, "talkgroup_tag`, u.TalkgroupLabel)
	w.quoted(`, "talkgroup_description`, u.TalkgroupName)
	w.quoted(`, "talkgroup_group_tag`, u.TalkgroupTag)
	w.quoted(`, "talkgroup_group`, firstOf(u.TalkgroupGroups))
	w.text(`, "audio_type": "digital"`)
	w.quoted(`, "short_name`, u.SystemLabel)
	w.field(`, "start_time_ms`, start)
	w.field(`, "stop_time_ms`, start+length)
	w.field(`, "call_length_ms`, length)
	w.text(`, "color_code": -1`)
	w.field(`, "timestamp`, start)
	if len(u.Patches) > 0 {
		w.text(`, "patched_talkgroups": `)
		w.numbers(u.Patches)
	}
	w.sidecarLists(u)
	w.text("}")
}

// sidecarSignal is how strong the call was received, in dBm; a control channel's worth where nothing is known.
func sidecarSignal(u *Upload) int64 {
	if f := frequencyAt(u, 0); f.DBm != 0 {
		return int64(f.DBm)
	}
	return -80 - int64(u.Random>>40%30)
}

func (w *formWriter) sidecarLists(u *Upload) {
	second := u.Time.Unix()
	w.text(`, "freqList": [`)
	for i := range max(1, len(u.Frequencies)) {
		f := frequencyAt(u, i)
		w.comma(i)
		w.field(`{"freq`, f.Hz)
		w.field(`, "time`, second+int64(f.OffsetS))
		w.seconds(`, "pos": `, f.OffsetS)
		w.seconds(`, "len": `, f.LengthS)
		w.field(`, "error_count`, f.Errors)
		w.field(`, "spike_count`, f.Spikes)
		w.text("}")
	}
	w.text(`], "srcList": [`)
	for i := range max(1, len(u.Units)) {
		unit := unitAt(u, i)
		w.comma(i)
		w.field(`{"src`, unit.ID)
		w.field(`, "time`, second+int64(unit.OffsetS))
		w.seconds(`, "pos": `, unit.OffsetS)
		w.text(`, "emergency": 0, "signal_system": ""`)
		w.quoted(`, "tag`, unit.Label)
		w.quoted(`, "tag_ota`, u.TalkerAlias)
		w.text("}")
	}
	w.text("]")
}

// comma separates the elements of a list.
func (w *formWriter) comma(i int) {
	if i > 0 {
		w.text(", ")
	}
}

// field writes a JSON field that is a number. Before has its name, open at the end, and what stands before that.
func (w *formWriter) field(before string, n int64) {
	w.text(before)
	w.text(`": `)
	w.number(n)
}

func (w *formWriter) seconds(before string, s float64) {
	w.text(before)
	w.buf = appendHundredths(w.buf, s)
}

// quoted writes a JSON field that is a text, as field does.
func (w *formWriter) quoted(before, s string) {
	w.text(before)
	w.text(`": "`)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '"' || r == '\\':
			w.buf = append(w.buf, '\\', byte(r))
		case r < ' ' || r == utf8.RuneError && size == 1: // JSON has no place for it as it is
			w.buf = append(w.buf, ' ')
		default:
			w.buf = append(w.buf, s[i:i+size]...)
		}
		i += size
	}
	w.text(`"`)
}
