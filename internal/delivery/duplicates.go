package delivery

// callPlace is where and when a call was.
type callPlace struct {
	system, talkgroup int64
	second            uint64
}

// storedDuplicates are the duplicates on purpose that are stored. One may have overtaken its original, which then was
// the one to be dropped.
type storedDuplicates map[callPlace]int

// findStoredDuplicates finds them.
func findStoredDuplicates(l *Ledger) storedDuplicates {
	var s storedDuplicates
	l.each(func(_ uint64, r *receipt) {
		if r.state.Load()&(intentional|once) != intentional|once {
			return
		}
		if s == nil {
			s = make(storedDuplicates)
		}
		s[callPlace{r.system(), r.talkgroup(), r.second()}]++
	})
	return s
}

// claim reports whether a duplicate of a call is stored in its place, which it then is no longer for another call.
// Duplicates are within half a second of their originals.
func (s storedDuplicates) claim(r *receipt) bool {
	for _, second := range [...]uint64{r.second(), r.second() + 1, r.second() - 1} {
		at := callPlace{r.system(), r.talkgroup(), second}
		if s[at] > 0 {
			s[at]--
			return true
		}
	}
	return false
}
