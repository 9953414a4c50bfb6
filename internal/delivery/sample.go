package delivery

import "rdiostress/internal/random"

// callSample keeps a sample of calls that is spread evenly over all calls, in little memory. It picks calls by a hash,
// so that it neither always hits nor always misses a fault in, say, every tenth call.
type callSample struct {
	kept []sampledCall
	mask uint64 // a call is kept if these bits of its hash are 0
}

// sampledCall is a call and its row.
type sampledCall struct {
	n   uint64
	id  int64
	ext string // of the stored file name
}

// maxSample is how many calls are kept; if there are more, about half are dropped, and half of those to come too.
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

// pickEvenly returns at most a given number of a list's calls, spread evenly over it.
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
