package delivery

import (
	"crypto/sha256"
	"strings"
	"sync"
	"time"

	"rdiostress/internal/secret"
)

// Sent is the audio of a call as it was sent.
type Sent struct {
	Ext  string // the file name's extension, with its dot
	Size int64  // in bytes
	Sum  [sha256.Size]byte

	// Audio builds the bytes again, to compare converted audio with; nil if they are not available.
	Audio func() []byte
}

// matcher finds the calls of a run among the rows that a server keeps, and records in the ledger what became of them.
// It is safe for concurrent use.
type matcher struct {
	ledger *Ledger
	sent   func(n uint64) (Sent, bool) // nil if the audio is not to be compared

	mu       sync.Mutex
	newest   int64         // highest id of the rows of all runs
	answered time.Duration // when the latest stored call was acknowledged
	found    bool          // an account found a call of the run
	reasons  reasons
	named    bool   // a row was identified by its name: the server keeps names, so a row without ours is a stranger's
	unnamed  int64  // rows that were not identified by name
	highest  int64  // highest id of unnamed rows
	index    *index // built when first needed
	audio    comparison

	redactor *secret.Redactor // for the server's log lines

	decodeTime time.Duration
}

// visitAll accounts for every row that a prober reads.
func (m *matcher) visitAll() *Visitor {
	from, to := m.ledger.span()
	return &Visitor{Row: m.accountRow, Logged: m.readLogLine, Foreign: m.isForeign, From: from, To: to}
}

// isForeign reports whether a row belongs to another run, by its name.
func (m *matcher) isForeign(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := numberOf(m.ledger.pattern, name)
	return !ok && (m.named || m.isOfAnother(name))
}

// markStored records that a row was found stored.
func (m *matcher) markStored(r *Row, at time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.newest = max(m.newest, r.ID)
	n, ok := numberOf(m.ledger.pattern, r.Name)
	if !ok {
		if r.ID > m.highest && !m.isOfAnother(r.Name) { // and not visited before
			m.unnamed, m.highest = m.unnamed+1, r.ID
		}
		return
	}
	if receipt := m.ledger.known(n); receipt != nil {
		m.named = true
		m.ledger.markSeen(n, receipt, at)
		m.advanceAnswered(receipt)
	}
}

// advanceAnswered records that a call is stored, and when it was acknowledged.
func (m *matcher) advanceAnswered(r *receipt) {
	if r.owed() {
		m.answered = max(m.answered, r.doneAt())
	}
}

// progress returns how far the server has come: the highest id of all rows, and when the latest stored call was
// acknowledged.
func (m *matcher) progress() (newest int64, answered time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.newest, m.answered
}

func (m *matcher) foundAny() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.found
}

// unnamedRows returns how many rows were not identified by name, and whether any was.
func (m *matcher) unnamedRows() (rows int64, named bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.unnamed, m.named
}

// hasReceipt reports whether a row's call is identified by its name and has a receipt.
func (m *matcher) hasReceipt(r *Row) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, ok := numberOf(m.ledger.pattern, r.Name)
	if !ok {
		return m.named // a stranger's: no receipt will come
	}
	receipt := m.ledger.known(n)
	return receipt == nil || receipt.done.Load() != 0
}

// accountRow records that a row was found stored, whether it was found before, and how it differs from what was sent.
func (m *matcher) accountRow(r *Row) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, ok := numberOf(m.ledger.pattern, r.Name)
	if !ok {
		if m.named || m.isOfAnother(r.Name) {
			return
		}
		if n, ok = m.findUnnamed(r); !ok {
			return
		}
	}
	receipt := m.ledger.known(n)
	if receipt == nil || receipt.done.Load() == 0 {
		return
	}
	m.found = true
	m.advanceAnswered(receipt)
	bits := wasFound | m.differences(receipt, r)
	if m.sent != nil {
		bits |= m.compare(n, r)
	}
	if receipt.state.Or(once)&once != 0 {
		bits |= twice
	}
	receipt.state.Or(bits)
}

// accountArrival accounts for a row on arrival, at a given time. It returns false if the call has no receipt yet.
func (m *matcher) accountArrival(r *Row, at time.Time) bool {
	m.markStored(r, at.Sub(m.ledger.start))
	if !m.hasReceipt(r) {
		return false
	}
	m.accountRow(r)
	return true
}

// isOfAnother reports whether a name belongs to another run's call. A server that keeps those names would keep ours.
func (m *matcher) isOfAnother(name string) bool {
	kind, _, _ := strings.Cut(m.ledger.pattern, "-")
	return strings.Contains(name, kind+"-")
}

// compare compares a row's audio with what was sent, and returns the result as bits.
func (m *matcher) compare(n uint64, r *Row) uint32 {
	sent, ok := m.sent(n)
	if !ok {
		m.audio.notCompared.add(errSentGone.Error())
		return 0
	}
	return m.audio.compare(n, &sent, r)
}

// differences returns the bits for how a row differs from the sent call, except its audio.
func (m *matcher) differences(receipt *receipt, r *Row) (bits uint32) {
	if r.System >= 0 && r.System != receipt.system() {
		bits |= otherSystem
	}
	if r.Talkgroup != receipt.talkgroup() {
		bits |= otherGroup
	}
	if r.Time.IsZero() || m.ledger.second(r.Time) != receipt.second() {
		bits |= otherTime
	}
	return bits
}

// findUnnamed finds a call by system, talkgroup and second, if the server does not keep names. A stranger's call can
// have the same talkgroup and second.
func (m *matcher) findUnnamed(r *Row) (n uint64, ok bool) {
	if r.System == OthersSystem && !m.ledger.relabelled.Load() {
		return 0, false
	}
	if m.index == nil {
		m.index = newIndex(m.ledger)
	}
	return m.index.find(m.ledger, r, func(n uint64, have *receipt) bool {
		if have.state.Load()&once != 0 {
			return false
		}
		if m.sent == nil {
			return true
		}
		sent, ok := m.sent(n)
		return !ok || compareAudio(&sent, r)&(otherM4A|otherBytes) == 0
	})
}

// index is a hash table of a ledger's receipts by system, talkgroup and second, which no two calls of a run share
// except intentional duplicates. It takes up to 16 bytes a call in a power of two, on top of the receipt's 40, and only
// if names are not kept.
type index struct {
	slots []uint32 // number of the call plus one; 0 is free
}

func newIndex(l *Ledger) *index {
	total := 0
	l.each(func(uint64, *receipt) { total++ })
	size := 1
	for size < total+total/4+1 {
		size *= 2
	}
	x := &index{slots: make([]uint32, size)}
	l.each(func(n uint64, r *receipt) {
		i := hashPlace(r.talkgroup(), r.second())
		for ; x.slots[i%uint64(size)] != 0; i++ {
		}
		x.slots[i%uint64(size)] = uint32(n) + 1
	})
	return x
}

// find returns the first call that a row may be and that fits, or else the first that it may be.
func (x *index) find(l *Ledger, r *Row, fits func(uint64, *receipt) bool) (found uint64, ok bool) {
	second, size := l.second(r.Time), uint64(len(x.slots))
	for i := hashPlace(r.Talkgroup, second); x.slots[i%size] != 0; i++ {
		n := uint64(x.slots[i%size] - 1)
		have := l.slot(n)
		if r.System >= 0 && have.system() != r.System || have.talkgroup() != r.Talkgroup || have.second() != second {
			continue
		}
		if fits(n, have) {
			return n, true
		}
		if !ok {
			found, ok = n, true
		}
	}
	return found, ok
}

// hashPlace mixes two numbers into a random-looking one (the finaliser of MurmurHash3). It leaves out the system, since
// not every server stores it; find compares each call's system.
func hashPlace(talkgroup int64, second uint64) uint64 {
	x := uint64(talkgroup)*0xc2b2ae3d27d4eb4f ^ second*0x165667b19e3779f9
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// identify returns the number of the run's call that a row is; false if it is none.
func (m *matcher) identify(r *Row) (n uint64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n, ok = numberOf(m.ledger.pattern, r.Name); ok || m.named || m.isOfAnother(r.Name) {
		return n, ok
	}
	if r.System == OthersSystem && !m.ledger.relabelled.Load() {
		return 0, false
	}
	if m.index == nil {
		m.index = newIndex(m.ledger)
	}
	return m.index.find(m.ledger, r, func(uint64, *receipt) bool { return true })
}
