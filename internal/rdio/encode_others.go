package rdio

// voxcall writes what voxcall.py does: no more than is needed.
func (w *formWriter) voxcall(e *Encoder, u *Upload) {
	w.next().text(e.key)
	w.next()
	w.buf = append(appendISO(w.buf, u.Time, 6), 'Z')
	w.next().number(u.System)
	w.next().number(u.Talkgroup)
	w.next().file(u, octetStream)
}

func rdioScannerParts() []string {
	return []string{
		"audio", "audioFilename", "audioMime", "dateTime", "frequencies", "key", "patches", "system", "systemLabel",
		"talkgroup",
		"talkgroupGroups", "talkgroupLabel", "talkgroupName", "talkgroupTag", "timestamp", "units",
	}
}

// rdioScanner writes what rdio-scanner 7's downstream does, which names the fields of its lists as its source code
// does.
func (w *formWriter) rdioScanner(e *Encoder, u *Upload) {
	w.next().file(u, octetStream)
	w.next().text(u.AudioName)
	w.next().text(u.AudioType)
	w.next()
	w.buf = append(appendISO(w.buf, u.Time, 0), 'Z')
	w.next().rdioScannerFrequencies(u)
	w.next().text(e.key)
	w.next().numbers(u.Patches)
	w.next().number(u.System)
	w.next().text(u.SystemLabel)
	w.next().number(u.Talkgroup)
	w.next().list(u.TalkgroupGroups)
	w.next().text(u.TalkgroupLabel)
	w.next().text(u.TalkgroupName)
	w.next().text(u.TalkgroupTag)
	w.next().number(u.Time.UnixMilli())
	w.next().rdioScannerUnits(u)
}

func (w *formWriter) rdioScannerFrequencies(u *Upload) {
	w.text("[")
	for i := range max(1, len(u.Frequencies)) {
		f := frequencyAt(u, i)
		if i > 0 {
			w.text(",")
		}
		w.text(`{"Id":0,"CallId":0,"Dbm":`)
		w.float(f.DBm)
		w.text(`,"Errors":`)
		w.number(f.Errors)
		w.text(`,"Frequency":`)
		w.number(f.Hz)
		w.text(`,"Offset":`)
		w.float(f.OffsetS)
		w.text(`,"Spikes":`)
		w.number(f.Spikes)
		w.text("}")
	}
	w.text("]")
}

func (w *formWriter) rdioScannerUnits(u *Upload) {
	w.text("[")
	for i := range max(1, len(u.Units)) {
		unit := unitAt(u, i)
		if i > 0 {
			w.text(",")
		}
		w.text(`{"Id":0,"CallId":0,"Offset":`)
		w.float(unit.OffsetS)
		w.text(`,"UnitRef":`)
		w.number(unit.ID)
		w.text("}")
	}
	w.text("]")
}

func curlParts() []string {
	return []string{
		"audio", "audioFileName", "audioMime", "dateTime", "frequencies", "frequency", "key", "patches", "site",
		"source", "sources",
		"system", "systemLabel", "talkgroup", "talkgroupGroup", "talkgroupLabel", "talkgroupTag", "timestamp",
	}
}

// curl writes the example of rdio-scanner's API page, whose lists are empty.
func (w *formWriter) curl(e *Encoder, u *Upload) {
	w.next().file(u, octetStream)
	w.next().text(u.AudioName)
	w.next().text(u.AudioType)
	w.next()
	w.buf = append(appendISO(w.buf, u.Time, 3), 'Z')
	w.next().text("[]")
	w.next().number(u.Frequency)
	w.next().text(e.key)
	w.next().numbers(u.Patches)
	w.next().number(max(1, u.Site)) // it is required there
	w.next().number(u.Source)
	w.next().text("[]")
	w.next().number(u.System)
	w.next().text(u.SystemLabel)
	w.next().number(u.Talkgroup)
	w.next().text(firstOf(u.TalkgroupGroups))
	w.next().text(u.TalkgroupLabel)
	w.next().text(u.TalkgroupTag)
	w.next().number(u.Time.UnixMilli())
}
