package delivery

import "rdiostress/internal/random"

// callSample keeps a sample of calls that is spread evenly over all that it was given, in little memory. Calls are
// picked by a hash, so that a fault in every tenth call, say, is neither always nor never in it.
type callSample struct {
	kept []sampledCall
	mask uint64 // of the hash; calls in which its bits are 0 are kept
}

// sampledCall is a call, and a row that has it.
type sampledCall struct {
	n   uint64
	id  int64
	ext string // of the name that the audio is kept under
}

// maxSample are kept; when there are more, about half is left out, and of those to come too.
const maxSample = 500

func (s *callSample) add(c sampledCall) {
	if !s.has(c.n) {
		return
	}
	for s.kept = append(s.kept, c); len(s.kept) > maxSample; {
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

func (s *callSample) has(n uint64) bool { return random.Hash(0, n)&s.mask == 0 }

// pickEvenly are at most this many of a list, spread evenly over it.
func pickEvenly(list []sampledCall, most int) []sampledCall {
	if len(list) <= most {
		return list
	}
	picked := make([]sampledCall, most)
	for i := range picked {
		picked[i] = list[i*len(list)/most]
	}
	return picked
}
