package s3

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"rdiostress/internal/server/blob"
)

const (
	maxOrphans = 1000    // in one sweep
	maxListed  = 200_000 // objects in one sweep; the next continues with the next day
	chunk      = 1000    // names in one question to the database
)

// Named returns those of some names that calls refer to.
type Named = func(ctx context.Context, names []string) (map[string]bool, error)

// Sweep removes objects that are older than age and that no call names. If there are more than failures leave, the
// database is probably an older copy, and Sweep removes nothing until somebody finds the cause.
func (b *Bucket) Sweep(ctx context.Context, age time.Duration, named Named) (removed int, err error) {
	days, err := b.days(ctx)
	if err != nil {
		return 0, err
	}
	var orphans []string
	next, listed := "", 0
	for _, day := range days {
		if listed >= maxListed {
			next = day
			break
		}
		n, err := b.listDay(ctx, day, time.Now().Add(-age), named, &orphans)
		if err != nil {
			return 0, err
		}
		listed += n
	}
	b.mu.Lock()
	b.nextDay = next
	b.mu.Unlock()
	if len(orphans) > maxOrphans {
		return 0, fmt.Errorf("%s: %d %w: is the database an old copy? None is removed", b.Node(), len(orphans),
			blob.ErrManyOrphans)
	}
	for i, name := range orphans {
		if err := b.Remove(ctx, name); err != nil {
			return i, err
		}
	}
	return len(orphans), nil
}

// days returns the days that have objects, from where the last sweep stopped.
func (b *Bucket) days(ctx context.Context) (days []string, err error) {
	err = b.list(ctx, b.folder, false, func(name string, _ time.Time) error {
		if day, ok := strings.CutSuffix(name, "/"); ok && blob.IsDay(day) {
			days = append(days, day)
		}
		return nil
	})
	slices.Sort(days)
	b.mu.Lock()
	defer b.mu.Unlock()
	from, _ := slices.BinarySearch(days, b.nextDay)
	return days[from:], err
}

// listDay adds the orphans of a day, and returns how many objects the day has.
func (b *Bucket) listDay(ctx context.Context, day string, before time.Time, named Named, orphans *[]string,
) (listed int, err error) {
	var names []string
	ask := func() error {
		if len(names) == 0 {
			return nil
		}
		known, err := named(ctx, names)
		for _, name := range names {
			if err == nil && !known[name] {
				*orphans = append(*orphans, name)
			}
		}
		names = names[:0]
		return err
	}
	err = b.list(ctx, b.folder+day+"/", true, func(name string, modified time.Time) error {
		listed++
		if modified.Before(before) && blob.IsName(name) {
			names = append(names, name)
		}
		if len(names) < chunk {
			return nil
		}
		return ask()
	})
	if err != nil {
		return listed, err
	}
	return listed, ask()
}

// list calls f with the names of objects, without the folder, and when they were stored.
func (b *Bucket) list(ctx context.Context, prefix string, recursive bool, f func(string, time.Time) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	options := minio.ListObjectsOptions{Prefix: prefix, Recursive: recursive}
	for info := range b.client.ListObjectsIter(ctx, b.loc.Bucket, options) {
		if info.Err != nil {
			return b.unavailable(b.explain(info.Err))
		}
		if err := f(strings.TrimPrefix(info.Key, b.folder), info.LastModified); err != nil {
			return err
		}
	}
	return ctx.Err()
}
