package apikey_test

import (
	"crypto/sha256"
	"net/netip"
	"testing"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/apikey"
)

func TestRing(t *testing.T) {
	var ring apikey.Ring
	if ring.Find("county-key") != nil {
		t.Error("an empty ring has a key")
	}
	ring.Replace(apikey.SourceOption, []apikey.Key{{Label: "county", SHA256: sha256.Sum256([]byte("county-key"))}})
	if k := ring.Find("county-key"); k == nil || k.Label != "county" {
		t.Errorf("found %+v", k)
	}
	if ring.Find("") != nil || ring.Find("county-kez") != nil {
		t.Error("another key is found")
	}
	ring.Replace(apikey.SourceDatabase, []apikey.Key{{Label: "other", SHA256: sha256.Sum256([]byte("other-key"))}})
	ring.Replace(apikey.SourceDatabase, []apikey.Key{{Label: "third", SHA256: sha256.Sum256([]byte("third-key"))}})
	if ring.Find("county-key") == nil || ring.Find("third-key") == nil || ring.Find("other-key") != nil {
		t.Error("another source's keys are replaced, or not its own")
	}
	ring.Replace(apikey.SourceOption, nil)
	if ring.Find("county-key") != nil {
		t.Error("a key that was replaced is found")
	}
}

func TestKeyScope(t *testing.T) {
	k := apikey.Key{
		Systems:    []apikey.IDRange{{First: 11, Last: 12}},
		Talkgroups: []apikey.IDRange{{First: 1001, Last: 1001}},
	}
	for _, tt := range []struct {
		system, talkgroup int64
		want              bool
	}{{11, 1001, true}, {12, 1001, true}, {13, 1001, false}, {11, 1002, false}} {
		if got := k.Allows(tt.system, tt.talkgroup); got != tt.want {
			t.Errorf("%+v: got %v", tt, got)
		}
	}
	if !(&apikey.Key{}).Allows(1, 1) {
		t.Error("a key without a scope allows nothing")
	}
}

func TestKeyFaults(t *testing.T) {
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	near, far := netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("192.0.2.1")
	k := apikey.Key{From: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Expires: now}
	for _, tt := range []struct {
		client netip.Addr
		at     time.Time
		want   apikey.Fault
	}{
		{near, now.Add(-1), apikey.FaultNone},
		{far, now.Add(-1), apikey.FaultAddress},
		{near, now, apikey.FaultExpired},
	} {
		if got := k.FaultFor(tt.client, tt.at); got != tt.want {
			t.Errorf("%v at %v: %v, want %v", tt.client, tt.at, got, tt.want)
		}
	}
}

func TestRefusedError(t *testing.T) {
	for _, tt := range []struct {
		err  apikey.RefusedError
		want string
	}{
		{apikey.RefusedError{Fault: apikey.FaultUnknown}, rdio.PhraseInvalidKey},
		{apikey.RefusedError{Fault: apikey.FaultUnknown, Talkgroup: 7}, rdio.PhraseInvalidKey},
		{
			apikey.RefusedError{Fault: apikey.FaultExpired, Label: "feed", System: 11, Talkgroup: 7},
			`the key "feed" has expired: ` + rdio.PhraseInvalidKey + " for system 11 talkgroup 7",
		},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
