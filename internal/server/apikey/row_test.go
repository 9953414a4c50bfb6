package apikey_test

import (
	"crypto/sha256"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/server/apikey"
)

func TestRow(t *testing.T) {
	sum := sha256.Sum256([]byte("a-long-random-word"))
	from := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	expires := time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	row := apikey.Row{
		Label: "feed", SHA256: sum[:], Systems: []string{"11", "20-29"}, Talkgroups: []string{"1001"}, From: from,
		Expires: &expires,
	}
	want := apikey.Key{
		Label: "feed", SHA256: sum, Systems: []apikey.IDRange{{First: 11, Last: 11}, {First: 20, Last: 29}},
		Talkgroups: []apikey.IDRange{{First: 1001, Last: 1001}}, From: from, Expires: expires,
	}
	got, err := row.Key()
	prefixes := cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
	if diff := cmp.Diff(want, got, prefixes); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for wrong, change := range map[string]func(*apikey.Row){
		"sha256 has 3 bytes":      func(r *apikey.Row) { r.SHA256 = []byte("abc") },
		`systems has "29-20"`:     func(r *apikey.Row) { r.Systems = []string{"29-20"} },
		`systems has "*"`:         func(r *apikey.Row) { r.Systems = []string{"1", "*"} },
		`talkgroups has "0"`:      func(r *apikey.Row) { r.Talkgroups = []string{"0"} },
		`talkgroups has "", whic`: func(r *apikey.Row) { r.Talkgroups = []string{""} },
	} {
		bad := row
		change(&bad)
		if _, err := bad.Key(); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%s: got %v", wrong, err)
		}
	}
}
