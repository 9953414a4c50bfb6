// Package location finds the recorded calls that a user means.
package location

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"rdiostress/internal/address"
	"rdiostress/internal/replay"
	"rdiostress/internal/replay/dsdplus"
	"rdiostress/internal/replay/folder"
	"rdiostress/internal/replay/list"
	"rdiostress/internal/replay/mask"
	"rdiostress/internal/replay/scannerdb"
	"rdiostress/internal/replay/sdrtrunk"
	"rdiostress/internal/replay/trunkrecorder"
)

// Recordings says which recorded calls are meant.
type Recordings struct {
	// Place is a folder, a list of recordings (.csv, .tsv, .jsonl or .ndjson), or the database of an rdio-scanner
	// server: sqlite:FILE, postgres://… or mysql://…, which may hold a password.
	Place  string
	Mask   string        // of the names in a folder, if no known program has named them; see package mask
	Period replay.Period // of the calls
}

// Open opens all recordings at a place. The error says why there is nothing to replay.
func Open(ctx context.Context, place string) (*replay.Archive, error) {
	return Recordings{Place: place}.Open(ctx)
}

// Open opens the recordings. The caller closes the archive. The error says why there is nothing to replay.
func (r Recordings) Open(ctx context.Context) (*replay.Archive, error) {
	source, err := r.source(ctx)
	if err != nil {
		return nil, err
	}
	archive, err := replay.OpenPeriod(ctx, r.Period, source)
	if err == nil {
		return archive, nil
	}
	if c, ok := source.(interface{ Close() error }); ok {
		err = errors.Join(err, c.Close())
	}
	return nil, r.describe(err)
}

// HasNames reports whether recordings at a place are known by the names of their files, which a mask can read.
func HasNames(place string) bool { return !scannerdb.Is(place) && !list.IsList(place) }

// source returns where the recordings come from.
func (r Recordings) source(ctx context.Context) (replay.Source, error) {
	switch {
	case scannerdb.Is(r.Place):
		db, err := scannerdb.Open(ctx, r.Place)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", address.RedactPlace(r.Place), err)
		}
		return db, nil
	case strings.Contains(r.Place, "://"):
		return nil, fmt.Errorf("%s is no database that is known: write sqlite:FILE, postgres://… or mysql://…",
			address.RedactPlace(r.Place))
	case list.IsList(r.Place):
		return list.New(r.Place), nil
	}
	if r.Mask == "" {
		for _, name := range []string{"index.csv", "index.jsonl"} {
			path := filepath.Join(r.Place, name)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				return list.New(path), nil
			}
		}
	}
	formats := []folder.Format{trunkrecorder.Format{}, sdrtrunk.Format{}, dsdplus.Format{}}
	if r.Mask != "" {
		m, err := mask.Parse(r.Mask)
		if err != nil {
			return nil, err
		}
		formats = append([]folder.Format{m}, formats...)
	}
	return folder.New(r.Place, formats...), nil
}

// describe says for a user why the recordings cannot be replayed.
func (r Recordings) describe(err error) error {
	if empty := (*replay.EmptyError)(nil); errors.As(err, &empty) && len(empty.Skipped) == 0 {
		return fmt.Errorf("%s holds no recorded calls: %s", address.RedactPlace(r.Place), r.expected())
	}
	for _, known := range []any{new(*replay.EmptyError), new(*replay.PeriodError)} {
		if errors.As(err, known) {
			return fmt.Errorf("%s: %w", address.RedactPlace(r.Place), err)
		}
	}
	if scannerdb.Is(r.Place) {
		return fmt.Errorf("%s: %w", address.RedactPlace(r.Place), err)
	}
	return err
}

// expected says what a place would have to hold.
func (r Recordings) expected() string {
	switch {
	case scannerdb.Is(r.Place):
		return "its table of calls is empty"
	case list.IsList(r.Place):
		return "there is no row below its header"
	default:
		return "neither audio with a .json sidecar, as trunk-recorder writes, nor SDRTrunk's or DSDPlus' recordings, " +
			"nor an index.csv"
	}
}
