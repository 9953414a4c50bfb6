package cursor_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/server/cursor"
)

func TestText(t *testing.T) {
	for text, want := range map[string]cursor.Cursor{
		"ab.0":           {Store: "ab"},
		"ab.7":           {Store: "ab", Last: 7},
		"ab.900.1-0":     {Store: "ab", Last: 900, Open: []cursor.Block{{1, 0}}},
		"ab.900.1-5.9-3": {Store: "ab", Last: 900, Open: []cursor.Block{{1, 5}, {9, 11}}},
	} {
		got, err := cursor.Parse(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil || got.String() != text {
			t.Errorf("%s: %v, written %s, (-want +got):\n%s", text, err, got.String(), diff)
		}
	}
	for _, text := range []string{
		"", "ab", ".7", "ab.", "ab.x", "ab.-1", "ab.+1", "ab.7.", "ab.7.1", "ab.7.1-", "ab.7.1-9", "ab.7.0-1",
		"ab.99.9-3.1-2", "ab.99.1-9.5-2", "ab.99.1-0.1-0",
		"ab.9223372036854775808", "ab.99.9223372036854775807-9223372036854775807",
	} {
		if c, err := cursor.Parse(text); !errors.Is(err, cursor.ErrMalformed) {
			t.Errorf("%q was read as %+v, %v", text, c, err)
		}
	}
}

// world simulates servers that store calls, each in its own blocks. It holds the visible calls and what each server
// uses next.
type world struct {
	size    int64
	next    int64 // the first block that no server has
	servers []*storing
	visible []int64
}

type storing struct {
	isOpen      bool
	first, used int64
}

// store makes a server store some calls, after it has taken or returned a block at random.
func (w *world) store(rng *rand.Rand) {
	s := w.servers[rng.IntN(len(w.servers))]
	if s.isOpen && rng.IntN(20) == 0 {
		s.isOpen = false
	}
	if !s.isOpen || s.used >= s.first+w.size-1 {
		s.isOpen, s.first, s.used = true, w.next, w.next-1
		w.next += w.size
	}
	for range rng.IntN(4) {
		if s.used < s.first+w.size-1 {
			s.used += 1 + int64(rng.IntN(2)) // skip ids of calls that were not stored
			if s.used < s.first+w.size {
				w.visible = append(w.visible, s.used)
			}
		}
	}
	slices.Sort(w.visible)
}

// open returns the blocks that may grow.
func (w *world) open() (list []cursor.Block) {
	for _, s := range w.servers {
		if !s.isOpen {
			continue
		}
		b := cursor.Block{First: s.first, Last: s.first - 1}
		for _, id := range w.visible {
			if b.First <= id && id < b.First+w.size {
				b.Last = max(b.Last, id)
			}
		}
		list = append(list, b)
	}
	slices.SortFunc(list, func(a, b cursor.Block) int { return int(a.First - b.First) })
	return list
}

// read reads at most limit calls.
func (w *world) read(c cursor.Cursor, limit int) ([]int64, cursor.Cursor) {
	var page []int64
	for _, span := range c.Unseen(w.size) {
		for _, id := range w.visible {
			if span.First <= id && id <= span.Last && len(page) < limit {
				page = append(page, id)
			}
		}
	}
	upTo := int64(0)
	if len(w.visible) > 0 {
		upTo = w.visible[len(w.visible)-1]
	}
	if len(page) == limit {
		upTo = page[limit-1]
	}
	return page, c.Advance(upTo, w.size, w.open())
}

// In whatever order servers store and however pages are cut, a reader sees every call once.
func TestEveryCallOnce(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		w := &world{size: 1 + int64(rng.IntN(9)), next: 1}
		for range 1 + rng.IntN(4) {
			w.servers = append(w.servers, &storing{})
		}
		c := cursor.Cursor{Store: "x"}
		seen := make(map[int64]int)
		read := func(limit int) int {
			page, next := w.read(c, limit)
			for _, id := range page {
				seen[id]++
			}
			parsed, err := cursor.Parse(next.String())
			if err != nil || !cmp.Equal(next, parsed) {
				t.Fatalf("seed %d: %+v is written as %s, and read as %+v, %v", seed, next, next.String(), parsed, err)
			}
			c = next
			return len(page)
		}
		for range 200 {
			w.store(rng)
			if rng.IntN(2) == 0 {
				read(1 + rng.IntN(5))
			}
		}
		for read(3) > 0 {
		}
		for _, id := range w.visible {
			if seen[id] != 1 {
				t.Fatalf("seed %d: call %d was seen %d times", seed, id, seen[id])
			}
		}
		if len(seen) != len(w.visible) {
			t.Fatalf("seed %d: %d calls seen of %d", seed, len(seen), len(w.visible))
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("ab.900.1-5.9-3")
	f.Add("ab.7")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := cursor.Parse(text)
		if err != nil {
			return
		}
		again, err := cursor.Parse(c.String())
		if err != nil || !cmp.Equal(c, again) {
			t.Errorf("%q: %+v is written as %q, and read as %+v, %v", text, c, c.String(), again, err)
		}
		next := c.Advance(c.Last/2, 512, c.Open)
		if next.Last != c.Last {
			t.Errorf("%q goes back to %d", text, next.Last)
		}
	})
}
