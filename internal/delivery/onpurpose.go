package delivery

// spot is where and when a call was.
type spot struct {
	system, talkgroup int64
	second            uint64
}

// stored are the duplicates on purpose that are stored. One may have overtaken its original, which then was the one to
// be dropped.
type stored map[spot]int

// storedOnPurpose finds them.
func storedOnPurpose(l *Ledger) stored {
	var s stored
	l.all(func(_ uint64, r *receipt) {
		if r.state.Load()&(onPurpose|once) != onPurpose|once {
			return
		}
		if s == nil {
			s = make(stored)
		}
		s[spot{r.system(), r.talkgroup(), r.second()}]++
	})
	return s
}

// takes tells whether a duplicate of a call is stored in its place, which it then is no longer for another call.
// Duplicates are within half a second of their originals.
func (s stored) takes(r *receipt) bool {
	for _, second := range [...]uint64{r.second(), r.second() + 1, r.second() - 1} {
		at := spot{r.system(), r.talkgroup(), second}
		if s[at] > 0 {
			s[at]--
			return true
		}
	}
	return false
}
