package apikey

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Row is a key as a table has it. Its lists are as in a key file.
type Row struct {
	Label               string
	SHA256              []byte
	Systems, Talkgroups []string
	From                []netip.Prefix
	Expires             *time.Time // nil means never
}

// Key returns the key of a row. Errors never contain a key.
func (r *Row) Key() (Key, error) {
	k := Key{Label: r.Label, From: slices.Clone(r.From)}
	var errs []error
	if len(r.SHA256) != sha256.Size {
		errs = append(errs, fmt.Errorf("sha256 has %d bytes, not %d", len(r.SHA256), sha256.Size))
	}
	copy(k.SHA256[:], r.SHA256)
	list := func(column string, texts []string) (ranges []IDRange) {
		for _, text := range texts {
			parsed, err := parseRange(text)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s %w", column, err))
			}
			ranges = append(ranges, parsed)
		}
		return ranges
	}
	k.Systems, k.Talkgroups = list("systems", r.Systems), list("talkgroups", r.Talkgroups)
	if r.Expires != nil {
		k.Expires = *r.Expires
	}
	return k, errors.Join(errs...)
}
