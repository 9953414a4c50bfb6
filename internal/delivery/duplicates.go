package delivery

// callPlace is the place and time of a call.
type callPlace struct {
	system, talkgroup int64
	second            uint64
}

// storedDuplicates are the intentional duplicates that are stored. If one overtook its original, the server dropped the
// original instead.
type storedDuplicates map[callPlace]int

// findStoredDuplicates finds the stored duplicates of a run.
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

// claim reports whether a duplicate of a call is stored in its place, and uses it up, so that no other call can claim
// it. Duplicates are within half a second of their originals.
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
