package delivery

import "rdiostress/internal/random"

// spread keeps a sample of calls that is spread evenly over all that it was given, in little memory. Calls are picked
// by a hash, so that a fault in every tenth call, say, is neither always nor never in it.
type spread struct {
	kept []storedCall
	mask uint64 // of the hash; calls in which its bits are 0 are kept
}

// storedCall is a call, and a row that has it.
type storedCall struct {
	n   uint64
	id  int64
	ext string // of the name that the audio is kept under
}

// mostSpread are kept; when there are more, about half is left out, and of those to come too.
const mostSpread = 500

func (s *spread) add(c storedCall) {
	if !s.has(c.n) {
		return
	}
	for s.kept = append(s.kept, c); len(s.kept) > mostSpread; {
		s.mask = s.mask<<1 | 1
		some := s.kept[:0]
		for _, c := range s.kept {
			if s.has(c.n) {
				some = append(some, c)
			}
		}
		s.kept = some
	}
}

func (s *spread) has(n uint64) bool { return random.Hash(0, n)&s.mask == 0 }

// some are at most this many of a list, spread evenly over it.
func some(list []storedCall, most int) []storedCall {
	if len(list) <= most {
		return list
	}
	picked := make([]storedCall, most)
	for i := range picked {
		picked[i] = list[i*len(list)/most]
	}
	return picked
}
