// Package apikey holds the keys that clients upload with: the scope of each key, the format of the key file, and a
// lookup whose timing reveals nothing about the other keys.
package apikey

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"rdiostress/internal/server/clientaddr"
)

// Key is an API key that allows a client to upload. It must not change once it is in a Ring.
type Key struct {
	Label      string            // names the key in logs and limits; unique
	SHA256     [sha256.Size]byte // hash of the key; the key itself is not kept
	Systems    []IDRange         // systems whose calls may be uploaded; empty means all
	Talkgroups []IDRange         // talkgroups whose calls may be uploaded; empty means all
	From       []netip.Prefix    // networks that clients may use; empty means any
	Expires    time.Time         // zero means never
}

// IDRange is a range of system or talkgroup numbers from First to Last, both inclusive.
type IDRange struct{ First, Last int64 }

// Allows reports whether the key may upload calls of a talkgroup.
func (k *Key) Allows(system, talkgroup int64) bool {
	return contains(k.Systems, system) && contains(k.Talkgroups, talkgroup)
}

func contains(ranges []IDRange, id int64) bool {
	return len(ranges) == 0 || slices.ContainsFunc(ranges,
		func(r IDRange) bool { return r.First <= id && id <= r.Last })
}

// Fault is the reason why a key does not allow an upload.
type Fault int

// Faults of a key.
const (
	FaultNone    Fault = iota
	FaultUnknown       // no such key
	FaultExpired
	FaultAddress // the key is for clients of other networks
	FaultScope   // the key is for other systems or talkgroups
)

func (f Fault) String() string {
	return [...]string{
		"is good", "is unknown", "has expired", "is not for this address", "is not for this system or talkgroup",
	}[f]
}

// FaultFor returns why the key is not valid for a client now, or FaultNone.
func (k *Key) FaultFor(client netip.Addr, now time.Time) Fault {
	switch {
	case !k.Expires.IsZero() && !now.Before(k.Expires):
		return FaultExpired
	case len(k.From) > 0 && !clientaddr.Within(k.From, client):
		return FaultAddress
	default:
		return FaultNone
	}
}

// Source is where keys come from.
type Source int

// Sources of keys. If several have the same key, the last of them counts.
const (
	SourceDatabase Source = iota
	SourceOption
	SourceFile
	numSources
)

// Ring holds the valid keys. The zero Ring is empty. It is safe for concurrent use.
type Ring struct {
	keys atomic.Pointer[table]

	mu    sync.Mutex
	parts [numSources][]Key
}

// Replace replaces all keys of a source.
func (r *Ring) Replace(from Source, keys []Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.parts[from] = keys
	r.keys.Store(newTable(slices.Concat(r.parts[:]...)))
}

// Find returns the key that a client sent, or nil if it is unknown.
func (r *Ring) Find(key string) *Key {
	t := r.keys.Load()
	if t == nil {
		return nil
	}
	return t.find(key)
}

// table looks up keys in a time that reveals nothing about them: it looks up a salted hash that nobody outside can
// compute.
type table struct {
	salt [sha256.Size]byte
	keys map[[sha256.Size]byte]*Key
}

func newTable(keys []Key) *table {
	t := &table{keys: make(map[[sha256.Size]byte]*Key, len(keys))}
	rand.Read(t.salt[:]) // never fails
	for i := range keys {
		t.keys[t.index(keys[i].SHA256)] = &keys[i]
	}
	return t
}

func (t *table) index(sum [sha256.Size]byte) [sha256.Size]byte {
	var salted [2 * sha256.Size]byte
	copy(salted[:], t.salt[:])
	copy(salted[sha256.Size:], sum[:])
	return sha256.Sum256(salted[:])
}

func (t *table) find(key string) *Key {
	sum := sha256.Sum256([]byte(key))
	found := t.keys[t.index(sum)]
	if found == nil || subtle.ConstantTimeCompare(sum[:], found.SHA256[:]) != 1 {
		return nil
	}
	return found
}
