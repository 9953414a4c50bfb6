package api

// idSet is a set of ids. Neighbouring ids share a word, so that a list of millions of calls takes little memory.
type idSet struct {
	words map[int64]uint64
	size  int64
}

const wordBits = 6 // of an id, for its place in a word

// add adds an id, and reports whether it is new.
func (s *idSet) add(id int64) bool {
	if s.words == nil {
		s.words = make(map[int64]uint64)
	}
	key, bit := id>>wordBits, uint64(1)<<(id&(1<<wordBits-1))
	word := s.words[key]
	if word&bit != 0 {
		return false
	}
	s.words[key] = word | bit
	s.size++
	return true
}
