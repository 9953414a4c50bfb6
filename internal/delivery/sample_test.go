package delivery

import "testing"

func TestSpread(t *testing.T) {
	for _, calls := range []int{0, 1, maxSample, maxSample + 1, 10_000, 1_000_000} {
		var s callSample
		for i := range calls {
			s.add(sampledCall{n: uint64(i), id: int64(i)})
		}
		if len(s.kept) > maxSample || calls <= maxSample && len(s.kept) != calls ||
			len(s.kept) < min(calls, maxSample/3) {
			t.Errorf("of %d, %d are kept", calls, len(s.kept))
		}
		if calls <= maxSample {
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
	var list []sampledCall
	for i := range 105 {
		list = append(list, sampledCall{n: uint64(i)})
	}
	if got := pickEvenly(list[:20], 20); len(got) != 20 || got[19].n != 19 {
		t.Errorf("of few: %v", got)
	}
	got := pickEvenly(list, 20)
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
	if len(s) != maxExamples || s.wants(maxExamples+1) || s[1] == "" || s[maxExamples] == "" {
		t.Errorf("kept %v", s)
	}
}

func TestCauses(t *testing.T) {
	var s causes
	if got := s.describe(0); got != "" {
		t.Errorf("of none: %q", got)
	}
	s.add("it is gone")
	s.add("it is gone")
	for of, want := range map[uint64]string{2: "it is gone", 3: "2 calls: it is gone"} {
		if got := s.describe(of); got != want {
			t.Errorf("of %d: %q, want %q", of, got, want)
		}
	}
	for _, text := range []string{"a", "b", "c", "d", "e", "f", "a"} {
		s.add(text)
	}
	const want = "2 calls: it is gone; 2 calls: a; 1 call: b; 1 call: c; 3 calls: for other reasons"
	if got := s.describe(9); got != want || s.calls() != 9 {
		t.Errorf("of many, %d: %q, want %q", s.calls(), got, want)
	}
}
