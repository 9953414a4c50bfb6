package delivery

import "testing"

func TestSpread(t *testing.T) {
	for _, calls := range []int{0, 1, mostSpread, mostSpread + 1, 10_000, 1_000_000} {
		var s spread
		for i := range calls {
			s.add(storedCall{n: uint64(i), id: int64(i)})
		}
		if len(s.kept) > mostSpread || calls <= mostSpread && len(s.kept) != calls || len(s.kept) < min(calls, mostSpread/3) {
			t.Errorf("of %d, %d are kept", calls, len(s.kept))
		}
		if calls <= mostSpread {
			continue
		}
		const parts = 5
		var inPart, inTurn [parts]int
		for i, c := range s.kept {
			if i > 0 && c.n <= s.kept[i-1].n {
				t.Fatalf("of %d, %d comes after %d", calls, c.n, s.kept[i-1].n)
			}
			inPart[int(c.n)*parts/calls]++
			inTurn[c.n%parts]++
		}
		for i := range parts {
			if least := len(s.kept) / parts / 2; inPart[i] < least || inTurn[i] < least {
				t.Errorf("of %d, %v are of each part, and %v of each in turn", calls, inPart, inTurn)
			}
		}
	}
}

func TestSome(t *testing.T) {
	var list []storedCall
	for i := range 105 {
		list = append(list, storedCall{n: uint64(i)})
	}
	if got := some(list[:20], 20); len(got) != 20 || got[19].n != 19 {
		t.Errorf("of few: %v", got)
	}
	got := some(list, 20)
	for i := 1; i < len(got); i++ {
		if d := got[i].n - got[i-1].n; d < 5 || d > 6 {
			t.Errorf("%v", got)
		}
	}
	if len(got) != 20 {
		t.Errorf("%d picked", len(got))
	}
}

func TestNotes(t *testing.T) {
	var s notes
	for n := 100; n > 0; n-- {
		if s.wants(uint64(n)) {
			s.put(uint64(n), "a note")
		}
	}
	if len(s) != mostExamples || s.wants(mostExamples+1) || s[1] == "" || s[mostExamples] == "" {
		t.Errorf("kept %v", s)
	}
}

func TestCauses(t *testing.T) {
	var s causes
	if got := s.words(0); got != "" {
		t.Errorf("of none: %q", got)
	}
	s.add("it is gone")
	s.add("it is gone")
	for of, want := range map[uint64]string{2: "it is gone", 3: "2 calls: it is gone"} {
		if got := s.words(of); got != want {
			t.Errorf("of %d: %q, want %q", of, got, want)
		}
	}
	for _, text := range []string{"a", "b", "c", "d", "e", "f", "a"} {
		s.add(text)
	}
	const want = "2 calls: it is gone; 2 calls: a; 1 call: b; 1 call: c; 3 calls: for other reasons"
	if got := s.words(9); got != want || s.calls() != 9 {
		t.Errorf("of many, %d: %q, want %q", s.calls(), got, want)
	}
}
