package rdio

// octetStream is the media type that clients give who do not look at the file.
const octetStream = "application/octet-stream"

func trunkRecorderParts() []string {
	return []string{
		"audio", "audioName", "audioType", "dateTime", "frequencies", "frequency", "key", "patches", "talkgroup",
		"talkgroupGroup",
		"talkgroupLabel", "talkgroupTag", "talkgroupName", "sources", "system", "systemLabel",
	}
}

// trunkRecorder writes what trunk-recorder's rdioscanner_uploader does.
func (w *formWriter) trunkRecorder(e *Encoder, u *Upload) {
	w.next().file(u, octetStream)
	w.next().text(u.AudioName)
	w.next().text(u.AudioType)
	w.next().number(u.Time.Unix())
	w.next().trunkRecorderFrequencies(u)
	w.next().number(u.Frequency)
	w.next().text(e.key)
	w.next().numbers(u.Patches)
	w.next().number(u.Talkgroup)
	w.next().text(firstOf(u.TalkgroupGroups))
	w.next().text(u.TalkgroupLabel)
	w.next().text(u.TalkgroupTag)
	w.next().text(u.TalkgroupName)
	w.next().trunkRecorderSources(e, u)
	w.next().number(u.System)
	w.next().text(u.SystemLabel)
}

// trunkRecorderFrequencies writes where the call was heard; a call always was on one frequency at least.
func (w *formWriter) trunkRecorderFrequencies(u *Upload) {
	w.text("[")
	for i := range max(1, len(u.Frequencies)) {
		f := frequencyAt(u, i)
		if i > 0 {
			w.text(", ")
		}
		w.text(`{"freq": `)
		w.number(f.Hz)
		w.text(`, "time": `)
		w.number(u.Time.Unix() + int64(f.OffsetS))
		w.text(`, "pos": `)
		w.buf = appendHundredths(w.buf, f.OffsetS)
		w.text(`, "len": `)
		w.buf = appendHundredths(w.buf, f.LengthS)
		w.text(`, "errorCount": `)
		w.number(f.Errors)
		w.text(`, "spikeCount": `)
		w.number(f.Spikes)
		w.text("}")
	}
	w.text("]")
}

// frequencyAt is the call's i-th stretch on a frequency; one that has none was on its frequency all the time.
func frequencyAt(u *Upload, i int) Frequency {
	if i < len(u.Frequencies) {
		return u.Frequencies[i]
	}
	return Frequency{Hz: u.Frequency, LengthS: u.Duration.Seconds()}
}

// trunkRecorderSources writes who spoke and when; since 5.2 also the names of units that have one.
func (w *formWriter) trunkRecorderSources(e *Encoder, u *Upload) {
	w.text("[")
	for i := range max(1, len(u.Units)) {
		unit := unitAt(u, i)
		if i > 0 {
			w.text(", ")
		}
		w.text(`{ "pos": `)
		w.buf = appendHundredths(w.buf, unit.OffsetS)
		w.text(`, "src": `)
		w.number(unit.ID)
		if e.client == TrunkRecorder52 && unit.Label != "" {
			w.quoted(`, "tag`, unit.Label)
		}
		w.text(" }")
	}
	w.text("]")
}

// unitAt is the call's i-th transmission; one that lists none is its source's.
func unitAt(u *Upload, i int) Unit {
	if i < len(u.Units) {
		return u.Units[i]
	}
	return Unit{ID: u.Source}
}
