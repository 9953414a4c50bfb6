package server

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/netip"
	"slices"
	"time"
)

// Key is what a client may upload with. A Key is not changed once it is in a keyring.
type Key struct {
	Label      string            // names the key in logs and limits; unique
	SHA256     [sha256.Size]byte // of the key itself, which is not kept
	Systems    []IDRange         // that calls may be of; empty is all
	Talkgroups []IDRange         // the same
	From       []netip.Prefix    // where clients may be; empty is anywhere
	Expires    time.Time         // zero is never
}

// IDRange is the system or talkgroup numbers from First to Last, both included.
type IDRange struct{ First, Last int64 }

// mayUpload tells whether calls of a talkgroup may come with the key.
func (k *Key) mayUpload(system, talkgroup int64) bool {
	return contains(k.Systems, system) && contains(k.Talkgroups, talkgroup)
}

func contains(ranges []IDRange, id int64) bool {
	return len(ranges) == 0 || slices.ContainsFunc(ranges, func(r IDRange) bool { return r.First <= id && id <= r.Last })
}

// fault tells why the key is not good for a client now, for the log; empty is that it is.
func (k *Key) fault(client netip.Addr, now time.Time) string {
	switch {
	case !k.Expires.IsZero() && !now.Before(k.Expires):
		return "has expired"
	case len(k.From) > 0 && !within(k.From, client):
		return "is not for this address"
	default:
		return ""
	}
}

func within(nets []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(nets, func(n netip.Prefix) bool { return n.Contains(addr) })
}

// keyring finds keys, in a time that tells nothing about them: what is looked up is a hash that nobody outside can compute.
type keyring struct {
	salt [sha256.Size]byte
	keys map[[sha256.Size]byte]*Key
}

func newKeyring(keys []Key) *keyring {
	k := &keyring{keys: make(map[[sha256.Size]byte]*Key, len(keys))}
	rand.Read(k.salt[:]) // never fails
	for i := range keys {
		k.keys[k.index(keys[i].SHA256)] = &keys[i]
	}
	return k
}

func (k *keyring) index(sum [sha256.Size]byte) [sha256.Size]byte {
	var salted [2 * sha256.Size]byte
	copy(salted[:], k.salt[:])
	copy(salted[sha256.Size:], sum[:])
	return sha256.Sum256(salted[:])
}

// find returns the key that a client sent, or nil.
func (k *keyring) find(key string) *Key {
	sum := sha256.Sum256([]byte(key))
	found := k.keys[k.index(sum)]
	if found == nil || subtle.ConstantTimeCompare(sum[:], found.SHA256[:]) != 1 {
		return nil
	}
	return found
}
