package api

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"sync"
	"time"

	"rdiostress/internal/delivery"
)

// errNothingNew means that a list does not end, because its pages repeat the same calls.
var errNothingNew = errors.New("its pages bring nothing new, and the list does not end")

// reading is the state of reading a list to its end.
type reading struct {
	visitor *delivery.Visitor
	seen    idSet // calls may change places between two pages
	total   int64 // calls in the list; 0 if not known
}

// take visits the calls that were not seen before, and returns their number.
func (r *reading) take(calls []ListedCall) (fresh int) {
	for i := range calls {
		if row := calls[i].row(); r.seen.add(row.ID) {
			r.visitor.Row(&row)
			fresh++
		}
	}
	r.tell()
	return fresh
}

// tell reports how much has been read.
func (r *reading) tell() {
	if r.visitor.Progress != nil {
		r.visitor.Progress(r.seen.size, r.total)
	}
}

// ReadAll implements Prober.
func (p *api) ReadAll(ctx context.Context, v *delivery.Visitor) (err error) {
	r := &reading{visitor: v}
	switch {
	case p.cursor != "":
		err = p.followCursor(ctx, r)
	case p.byID:
		err = p.readByID(ctx, r)
	default:
		err = p.readPages(ctx, r)
	}
	if errors.Is(err, errNothingNew) {
		err = fmt.Errorf("GET %s: %w, after %d calls", ListPath, err, r.seen.size)
	}
	return err
}

// followCursor reads the calls that came since the list was opened, whichever server stored them. If the list belongs
// to another database than before, it reads all of them.
func (p *api) followCursor(ctx context.Context, r *reading) error {
	if total, err := p.count(ctx); err == nil {
		r.total = max(total-p.counted, 0)
	}
	for at := p.cursor; ; {
		page, err := retryPage(ctx, p.pause, p.get, url.Values{"cursor": {at}, "per_page": {strconv.Itoa(MaxPage)}})
		switch {
		case isGone(err):
			p.beginAnew()
			return fmt.Errorf("GET %s: %w", ListPath, delivery.ErrBegunAnew)
		case err != nil:
			return err
		}
		fresh := r.take(page.Calls)
		if len(page.Calls) < MaxPage {
			return nil
		}
		if fresh == 0 || page.NextCursor == at || page.NextCursor == "" {
			return errNothingNew
		}
		at = page.NextCursor
	}
}

// readByID reads the calls with higher ids than when the list was opened, and then those with lower ids and the dates
// of the run's calls: ids need not rise in the order in which calls are stored.
func (p *api) readByID(ctx context.Context, r *reading) error {
	if p.start > 0 {
		isAnew, err := p.hasBegunAnew(ctx)
		if err != nil {
			return err
		}
		if isAnew {
			p.start, p.witness = 0, nil
		}
	}
	if _, err := p.readUp(ctx, r, p.start, 1<<63-1, nil); err != nil || p.start == 0 {
		return err
	}
	_, err := p.readUp(ctx, r, 0, p.start, datesOf(r.visitor))
	return err
}

// readUp reads calls in the order of their ids, from after one id to at least another.
func (p *api) readUp(ctx context.Context, r *reading, after, upTo int64, dates url.Values) (last int64, err error) {
	query := url.Values{
		"per_page": {strconv.Itoa(MaxPage)}, "sort_by": {"id"}, "sort_order": {"asc"}, "count": {"false"},
	}
	for name, value := range dates {
		query[name] = value
	}
	for after < upTo {
		query.Set("after_id", strconv.FormatInt(after, 10))
		page, err := retryPage(ctx, p.pause, p.get, query)
		if err != nil {
			return after, err
		}
		r.take(page.Calls)
		before := after
		for i := range page.Calls {
			after = max(after, page.Calls[i].ID)
		}
		if len(page.Calls) < MaxPage {
			return after, nil
		}
		if after == before {
			return after, errNothingNew
		}
	}
	return after, nil
}

// hasBegunAnew reports whether the call that had the highest id when the list was opened is gone.
func (p *api) hasBegunAnew(ctx context.Context) (bool, error) {
	page, err := retryPage(ctx, p.pause, p.get, url.Values{
		"after_id": {strconv.FormatInt(p.start-1, 10)}, "per_page": {"1"}, "sort_by": {"id"}, "sort_order": {"asc"},
		"count": {"false"},
	})
	if err != nil {
		return false, err
	}
	if len(page.Calls) == 0 || p.witness == nil {
		return true, nil
	}
	now := &page.Calls[0]
	return now.ID == p.start && (now.Name != p.witness.Name || now.Timestamp != p.witness.Timestamp), nil
}

// datesOf selects the dates of the run's calls.
func datesOf(v *delivery.Visitor) url.Values {
	return url.Values{
		"date_from": {v.From.Format(time.RFC3339)}, "date_to": {v.To.Add(time.Second).Format(time.RFC3339)},
	}
}

// maxPasses is how often the pages of a list are read at most, until each call was seen.
const maxPasses = 4

// readPages reads the pages of the dates of the run's calls. It reads them again if new calls have moved others to
// another page.
func (p *api) readPages(ctx context.Context, r *reading) error {
	for range maxPasses {
		fresh, err := p.readPass(ctx, r)
		if err != nil {
			return err
		}
		if r.seen.size >= r.total {
			return nil
		}
		if fresh == 0 {
			return errNothingNew
		}
	}
	return nil
}

// readPass reads each page once, several at the same time.
func (p *api) readPass(ctx context.Context, r *reading) (fresh int, err error) {
	const enough = 2 // batches of pages without a new call, although some are missing
	stale := 0
	for first, n := 1, 1; ; first, n = first+n, p.batchOf(first+n, r.total) {
		pages, err := p.getPages(ctx, r.visitor, first, n)
		if err != nil {
			return fresh, err
		}
		isLast, got := n == 0, 0
		for i := range pages {
			r.total = pages[i].Total
			got += r.take(pages[i].Calls)
			isLast = isLast || len(pages[i].Calls) < plainPage
		}
		fresh += got
		if isLast {
			return fresh, nil
		}
		if stale++; got > 0 {
			stale = 0
		}
		if stale == enough {
			return fresh, errNothingNew
		}
	}
}

// batchOf returns how many pages to request at once from a given page on. If the list does not say how many calls it
// has, that is one at a time.
func (p *api) batchOf(first int, total int64) int {
	if total <= 0 {
		return 1
	}
	pages := int((total + plainPage - 1) / plainPage)
	return min(max(pages-first+1, 0), pagesAtOnce)
}

// getPages gets several pages at once.
func (p *api) getPages(ctx context.Context, v *delivery.Visitor, first, n int) ([]ListPage, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pages, errs := make([]ListPage, n), make([]error, n)
	var work sync.WaitGroup
	for i := range n {
		work.Go(func() {
			query := datesOf(v)
			query.Set("page", strconv.Itoa(first+i))
			query.Set("per_page", strconv.Itoa(plainPage))
			query.Set("sort_by", "timestamp")
			query.Set("sort_order", "asc")
			if pages[i], errs[i] = retryPage(ctx, p.pause, p.get, query); errs[i] != nil {
				cancel()
			}
		})
	}
	work.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return pages, err
		}
	}
	return pages, errors.Join(errs...)
}
