package radio

import (
	"time"

	"rdiostress/internal/random"
	"rdiostress/internal/rdio"
)

// ZipfExponent is how steeply popularity falls from one talkgroup to the next. With it the busiest of 1,000 talkgroups
// has 12.9 % of the calls, as in Butler County in June 2010. No Zipf law also fits that county's three busiest, which
// had 37 %: here they have 24 %.
const ZipfExponent = 0.99

// Options describe a Network.
type Options struct {
	Systems    []int64
	Talkgroups []int64 // talkgroups of each system, the busiest first
	Zipf       float64 // exponent of the talkgroups' popularity; 0 makes them equally popular
	Units      int     // radios per talkgroup, at least 1
	Sites      int     // sites per system, at least 1
}

// Network is a set of systems with the same talkgroups. Each system and talkgroup together is a pair, and pairs are
// numbered. A Network is immutable.
type Network struct {
	o          Options
	popularity *random.Choice
	shares     []float64 // shares of the calls, by talkgroup
	lengths    *lengths
	names      []Talkgroup // shared by talkgroups of the same name, so that a million take no more memory than some
}

// NewNetwork returns the network described by o.
func NewNetwork(o Options) *Network {
	n := &Network{
		o: o, shares: random.Zipf(len(o.Talkgroups), o.Zipf), names: make([]Talkgroup, namedTalkgroups),
		lengths: newLengths(),
	}
	n.popularity = random.NewChoice(n.shares)
	total := 0.0
	for _, w := range n.shares {
		total += w
	}
	for i := range n.shares {
		n.shares[i] /= total
	}
	for _, tg := range o.Talkgroups {
		if at := &n.names[tg%namedTalkgroups]; at.Label == "" {
			*at = Describe(tg)
		}
	}
	return n
}

// Pairs returns the number of pairs of a system and a talkgroup.
func (n *Network) Pairs() int { return len(n.o.Systems) * len(n.o.Talkgroups) }

// Share returns the busiest pair's share of all calls.
func (n *Network) Share() float64 { return n.shares[0] / float64(len(n.o.Systems)) }

// Draw returns the pair for a random number: all systems are equally likely, each talkgroup by its popularity.
func (n *Network) Draw(h uint64) int {
	system := random.Below(random.Hash(h, 1), uint32(len(n.o.Systems)))
	return n.popularity.Draw(h)*len(n.o.Systems) + int(system)
}

// Pair returns the system and the talkgroup of a pair, and the talkgroup's description.
func (n *Network) Pair(pair int) (system, talkgroup int64, names *Talkgroup) {
	talkgroup = n.o.Talkgroups[pair/len(n.o.Systems)]
	return n.o.Systems[pair%len(n.o.Systems)], talkgroup, &n.names[talkgroup%namedTalkgroups]
}

// SystemIndex returns the index of a pair's system, from 0 on.
func (n *Network) SystemIndex(pair int) int { return pair % len(n.o.Systems) }

// Length draws the length of a transmission.
func (n *Network) Length(h uint64) time.Duration { return n.lengths.draw(h) }

// consoleShare is the percentage of a talkgroup's transmissions that its dispatcher sends: an estimate.
const consoleShare = 40

// Unit returns the number of one of a talkgroup's radios, chosen by a random number: the dispatcher's console or one in
// the field. Numbers have 24 bits, as in P25.
func (n *Network) Unit(pair int, h uint64) int64 {
	radio := uint32(0)
	if n.o.Units > 1 && random.Below(h, 100) >= consoleShare {
		radio = 1 + random.Below(random.Hash(h, 1), uint32(n.o.Units-1))
	}
	return n.unit(pair, radio)
}

// OtherUnit returns a radio that is not the given one, if the talkgroup has another.
func (n *Network) OtherUnit(pair int, than int64, h uint64) int64 {
	units := uint32(n.o.Units)
	if units == 1 {
		return than
	}
	skip := random.Below(h, units-1)
	for i := range units {
		if u := n.unit(pair, (skip+i)%units); u != than {
			return u
		}
	}
	return than
}

func (n *Network) unit(pair int, radio uint32) int64 {
	const first, numbers = 4_000_001, 12_000_000
	return first + (int64(pair/len(n.o.Systems))*int64(n.o.Units)+int64(radio))%numbers
}

// Site returns one of a system's sites, from 1 on.
func (n *Network) Site(h uint64) int64 { return 1 + int64(random.Below(h, uint32(n.o.Sites))) }

// OtherSite returns a site that is not the given one, if the system has another.
func (n *Network) OtherSite(than int64, h uint64) int64 {
	if n.o.Sites == 1 {
		return than
	}
	return 1 + (than+int64(random.Below(h, uint32(n.o.Sites-1))))%int64(n.o.Sites)
}

// MaxPatches is the maximum number of other talkgroups that a talkgroup is patched to.
const MaxPatches = 2

// patchShare is the number of patched calls in a thousand: an estimate.
const patchShare = 10

// Patch appends the talkgroups that a call is patched to: none, or sometimes one or two.
func (n *Network) Patch(dst []int64, pair int, h uint64) []int64 {
	if random.Below(h, 1000) >= patchShare {
		return dst
	}
	talkgroups := n.o.Talkgroups
	at := pair / len(n.o.Systems)
	for range min(1+int(h&1), len(talkgroups)-1) {
		at = (at + 1) % len(talkgroups)
		dst = append(dst, talkgroups[at])
	}
	return dst
}

// Conversation appends the speakers of a merged call, given the start of each transmission: the dispatcher and radios
// in turn.
func (n *Network) Conversation(dst []rdio.Unit, pair int, starts []time.Duration, h uint64) []rdio.Unit {
	last := int64(0)
	for i, start := range starts {
		u := n.Unit(pair, random.Hash(h, uint64(i)))
		if u == last {
			u = n.OtherUnit(pair, last, random.Hash(h, uint64(i)))
		}
		dst = append(dst, rdio.Unit{ID: u, OffsetS: start.Seconds()})
		last = u
	}
	return dst
}
