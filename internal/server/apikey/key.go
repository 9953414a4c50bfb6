// Package apikey knows the keys that clients upload with: what each is for, the file that they are written in, and how
// a key that a client sent is found without a timing that tells anything about the others.
package apikey

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"rdiostress/internal/server/clientaddr"
)

// Key is a key that lets a client upload. It must not change once it is in a Ring.
type Key struct {
	Label      string            // names the key in logs and limits; unique
	SHA256     [sha256.Size]byte // of the key itself, which is not kept
	Systems    []IDRange         // whose calls may be uploaded; empty means all
	Talkgroups []IDRange         // the same
	From       []netip.Prefix    // networks that clients may be in; empty means any
	Expires    time.Time         // zero means never
}

// IDRange is the system or talkgroup numbers from First to Last, both included.
type IDRange struct{ First, Last int64 }

// Allows reports whether calls of a talkgroup may be uploaded with the key.
func (k *Key) Allows(system, talkgroup int64) bool {
	return contains(k.Systems, system) && contains(k.Talkgroups, talkgroup)
}

func contains(ranges []IDRange, id int64) bool {
	return len(ranges) == 0 || slices.ContainsFunc(ranges,
		func(r IDRange) bool { return r.First <= id && id <= r.Last })
}

// Fault is why a key does not let an upload in.
type Fault int

// The faults.
const (
	FaultNone    Fault = iota
	FaultUnknown       // there is no such key
	FaultExpired
	FaultAddress // it is for clients of other networks
	FaultScope   // it is for other systems or talkgroups
)

func (f Fault) String() string {
	return [...]string{
		"is good", "is unknown", "has expired", "is not for this address", "is not for this system or talkgroup",
	}[f]
}

// FaultFor returns why the key is not good for a client now, or FaultNone.
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

// Ring holds the keys in force. The zero Ring has none. It may be used concurrently.
type Ring struct{ keys atomic.Pointer[table] }

// Replace puts other keys in force.
func (r *Ring) Replace(keys []Key) { r.keys.Store(newTable(keys)) }

// Find returns the key that a client sent, or nil if it is unknown.
func (r *Ring) Find(key string) *Key {
	t := r.keys.Load()
	if t == nil {
		return nil
	}
	return t.find(key)
}

// table finds keys in a time that tells nothing about them: what is looked up is a hash that nobody outside can
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
