package radio

import (
	"math"
	"slices"
	"testing"
	"time"

	"rdiostress/internal/random"
)

func numbers(first, n int64) []int64 {
	list := make([]int64, n)
	for i := range list {
		list[i] = first + int64(i)
	}
	return list
}

func testNetwork() *Network {
	return NewNetwork(
		Options{Systems: []int64{11, 12}, Talkgroups: numbers(1001, 1000), Zipf: ZipfExponent, Units: 20, Sites: 4},
	)
}

// The exponent is recovered from the draws by regression of the logarithms over the ranks that occur often enough.
func TestPopularityFollowsZipf(t *testing.T) {
	const draws = 2_000_000
	n := testNetwork()
	counts := make([]float64, 1000)
	for i := range uint64(draws) {
		counts[n.Draw(random.Hash(1, i))/2]++
	}
	var sx, sy, sxx, sxy float64
	const ranks = 100
	for i, c := range counts[:ranks] {
		x, y := math.Log(float64(i+1)), math.Log(c)
		sx, sy, sxx, sxy = sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	if slope := (ranks*sxy - sx*sy) / (ranks*sxx - sx*sx); math.Abs(-slope-ZipfExponent) > 0.01 {
		t.Errorf("exponent %.3f, want %v", -slope, ZipfExponent)
	}
	busiest, three := counts[0]/draws, (counts[0]+counts[1]+counts[2])/draws
	if math.Abs(busiest-0.129) > 0.002 || math.Abs(three-0.238) > 0.003 {
		t.Errorf("the busiest has %.4f of the calls, want 0.129; the three busiest %.4f, want 0.238", busiest, three)
	}
	if got := n.Share(); math.Abs(got-0.129/2) > 0.001 {
		t.Errorf("the share of the busiest pair is %.4f, want half of 0.129", got)
	}
}

func TestSystemsAreEquallyBusy(t *testing.T) {
	n, first := testNetwork(), 0
	const draws = 100_000
	for i := range uint64(draws) {
		if system, _, _ := n.Pair(n.Draw(random.Hash(1, i))); system == 11 {
			first++
		}
	}
	if share := float64(first) / draws; math.Abs(share-0.5) > 0.01 {
		t.Errorf("the first of two systems has %.3f of the calls", share)
	}
}

func TestNamesReadLikeACounty(t *testing.T) {
	labels := make(map[string]bool)
	for n := int64(1); n <= namedTalkgroups; n++ {
		tg := Describe(n)
		if labels[tg.Label] || len(tg.Label) > 24 || tg.Name == "" || tg.Tag == "" || len(tg.Groups) != 1 {
			t.Fatalf("talkgroup %d is %+v", n, tg)
		}
		labels[tg.Label] = true
	}
	want := Talkgroup{"Elm SO Disp", "Elm Sheriff Dispatch", "Law Dispatch", []string{"Elm Sheriff"}}
	if got := Describe(1001); got.Label != want.Label || got.Name != want.Name || got.Tag != want.Tag ||
		got.Groups[0] != want.Groups[0] {
		t.Errorf("talkgroup 1001 is %+v, want %+v", got, want)
	}
	if Describe(1001).Label != Describe(1001+namedTalkgroups).Label {
		t.Error("names do not come again")
	}
}

func TestUnitsBelongToTheirTalkgroup(t *testing.T) {
	n := testNetwork()
	owner, console := make(map[int64]int), 0
	const draws = 200_000
	for i := range uint64(draws) {
		pair := n.Draw(random.Hash(1, i))
		u := n.Unit(pair, random.Hash(2, i))
		if u <= 0 || u > 1<<24 {
			t.Fatalf("unit %d is no radio's number", u)
		}
		if tg, ok := owner[u]; ok && tg != pair/2 {
			t.Fatalf("unit %d speaks in two talkgroups", u)
		}
		owner[u] = pair / 2
		if u == n.unit(pair, 0) {
			console++
		}
		if other := n.OtherUnit(pair, u, random.Hash(3, i)); other == u {
			t.Fatalf("the other unit of %d is itself", u)
		}
	}
	if share := float64(console) / draws; math.Abs(share-consoleShare/100.0) > 0.01 {
		t.Errorf("dispatchers have %.3f of the transmissions", share)
	}
}

func TestSites(t *testing.T) {
	n := testNetwork()
	for i := range uint64(10_000) {
		site := n.Site(random.Hash(1, i))
		other := n.OtherSite(site, random.Hash(2, i))
		if site < 1 || site > 4 || other < 1 || other > 4 || other == site {
			t.Fatalf("site %d and %d of 4", site, other)
		}
	}
}

func TestPatchesAreRare(t *testing.T) {
	n, patched := testNetwork(), 0
	const draws = 100_000
	for i := range uint64(draws) {
		pair := n.Draw(random.Hash(1, i))
		_, own, _ := n.Pair(pair)
		if p := n.Patch(nil, pair, random.Hash(2, i)); len(p) > 0 {
			patched++
			if len(p) > 2 || slices.Contains(p, own) {
				t.Fatalf("talkgroup %d is patched with %v", own, p)
			}
		}
	}
	if share := float64(patched) / draws; math.Abs(share-0.01) > 0.002 {
		t.Errorf("%.4f of the calls are patched", share)
	}
	alone := NewNetwork(Options{Systems: []int64{1}, Talkgroups: []int64{5}, Units: 1, Sites: 1})
	for i := range uint64(1000) {
		if p := alone.Patch(nil, 0, random.Hash(2, i)); len(p) > 0 {
			t.Fatalf("the only talkgroup is patched with %v", p)
		}
	}
}

func TestFrequenciesAreInTheirBand(t *testing.T) {
	used := make(map[int64]bool)
	for system := range int64(200) {
		var first *band
		channels := make(map[int64]bool)
		for i := range uint64(500) {
			hz := Frequency(system, 3, random.Hash(9, i))
			at := slices.IndexFunc(bands[:], func(b band) bool {
				return hz >= b.first && hz < b.first+int64(b.channels)*b.step && (hz-b.first)%b.step == 0
			})
			if at < 0 || first != nil && first != &bands[at] {
				t.Fatalf("system %d sends on %d Hz", system, hz)
			}
			first, channels[hz] = &bands[at], true
		}
		used[first.first] = true
		if len(channels) != siteChannels {
			t.Errorf("site 3 of system %d has %d channels, want %d", system, len(channels), siteChannels)
		}
	}
	if len(used) != len(bands) {
		t.Errorf("200 systems use %d bands of %d", len(used), len(bands))
	}
}

func TestLengthsAreLognormal(t *testing.T) {
	const n = 200_000
	l := newLengths()
	var sum, logs, squares float64
	tail := 0
	for i := range uint64(n) {
		d := l.draw(random.Hash(1, i))
		if d < minLength || d > maxLength {
			t.Fatalf("length %v is out of bounds", d)
		}
		sum += d.Seconds()
		logs += math.Log(d.Seconds())
		squares += math.Log(d.Seconds()) * math.Log(d.Seconds())
		if d > 20*time.Second {
			tail++
		}
	}
	if mean := sum / n; math.Abs(mean-MeanLength.Seconds()) > 0.06 {
		t.Errorf("mean %.3f s, want %v", mean, MeanLength)
	}
	if sigma := math.Sqrt(squares/n - logs/n*logs/n); math.Abs(sigma-lengthSigma) > 0.02 {
		t.Errorf("sigma %.3f, want %v", sigma, lengthSigma)
	}
	// Of a lognormal, 1-Φ((ln 20 - µ)/σ) are longer than 20 s: 1.97 %.
	mu := math.Log(MeanLength.Seconds()) - lengthSigma*lengthSigma/2
	want := math.Erfc((math.Log(20)-mu)/lengthSigma/math.Sqrt2) / 2
	if share := float64(tail) / n; math.Abs(share-want) > 0.001 {
		t.Errorf("%.4f last over 20 s, want %.4f", share, want)
	}
}

func TestMergedCalls(t *testing.T) {
	const n = 100_000
	network := testNetwork()
	var sum float64
	var counts [MaxTransmissions + 1]int
	for i := range uint64(n) {
		length, starts, k := network.Merged(random.Hash(1, i))
		counts[k]++
		sum += length.Seconds()
		if k < 1 || length > maxLength || starts[0] != 0 || !slices.IsSorted(starts[:k]) || starts[k-1] >= length {
			t.Fatalf("a call of %v has transmissions at %v", length, starts[:k])
		}
	}
	if mean := sum / n; mean < 11.5 || mean > 12.8 {
		t.Errorf("mean %.2f s, want 8 to 15, by the estimate about 12", mean)
	}
	for k, want := range [...]float64{0, 0.35, 0.35, 0.20, 0.10} {
		if share := float64(counts[k]) / n; math.Abs(share-want) > 0.01 {
			t.Errorf("%.3f of the calls have %d transmissions, want %v", share, k, want)
		}
	}
}

func TestConversationTakesTurns(t *testing.T) {
	n := testNetwork()
	for i := range uint64(1000) {
		units := n.Conversation(nil, 5, []time.Duration{0, 1, 2, time.Second}, random.Hash(1, i))
		for j, u := range units {
			if j > 0 && u.ID == units[j-1].ID {
				t.Fatalf("unit %d speaks twice in a row", u.ID)
			}
		}
		if len(units) != 4 || units[3].OffsetS != 1 {
			t.Fatalf("four transmissions are by %+v", units)
		}
	}
}
