package verification

import (
	"context"
	"errors"

	"rdiostress/internal/delivery"
)

// Talkgroup is a talkgroup of a system.
type Talkgroup struct{ System, ID int64 }

// Knowledge is the set of talkgroups that a server knows, as far as that can be read.
type Knowledge struct {
	Talkgroups map[Talkgroup]bool
	Complete   bool  // the set is complete
	TakesAny   bool  // the server accepts every talkgroup
	Adds       *bool // whether it adds others on their first calls; nil if not known
}

// Knowledge reads which talkgroups the server knows, if that can be read.
func (v *Verification) Knowledge(ctx context.Context) Knowledge {
	catalogue, ok := v.place.(delivery.Catalogue)
	if !ok {
		return Knowledge{}
	}
	k := Knowledge{Complete: true}
	settings, err := catalogue.Settings(ctx)
	if err == nil {
		err = catalogue.Talkgroups(ctx, func(system, id int64) { k.Add(Talkgroup{system, id}) })
	}
	switch {
	case errors.Is(err, delivery.ErrTakesAny):
		return Knowledge{TakesAny: true}
	case err != nil: // it has already retried while the database was locked
		return Knowledge{}
	}
	k.Adds = settings.AutoPopulates
	return k
}

// Add records that the server knows a talkgroup.
func (k *Knowledge) Add(t Talkgroup) {
	if k.Talkgroups == nil {
		k.Talkgroups = make(map[Talkgroup]bool)
	}
	k.Talkgroups[t] = true
}

// AddsNone reports whether the server is known to add no talkgroups by itself.
func (k *Knowledge) AddsNone() bool { return k.Adds != nil && !*k.Adds }

// Counted returns how many calls the server has stored since the place was opened; false if that cannot be seen.
func (v *Verification) Counted(ctx context.Context) (n int64, ok bool) {
	prober, ok := v.place.(delivery.Prober)
	if !ok {
		return 0, false
	}
	counted := false
	err := prober.Poll(ctx, &delivery.Visitor{
		Row: func(*delivery.Row) {}, Count: func(calls int64) { n, counted = calls, true },
	})
	return n, err == nil && counted
}

// LookAtNames polls once, and reports the file names of calls that were stored since the last poll, and the lines of
// the server's log.
type LookAtNames func(ctx context.Context, stored, logged func(string)) error

// Names returns a function that reports the names of calls that are stored from now on. If the names cannot be seen, it
// returns nil and the reason.
func (v *Verification) Names(ctx context.Context) (look LookAtNames, unseen string) {
	if v.place == nil {
		return nil, "what is stored cannot be seen: " + v.absent
	}
	prober, ok := v.place.(delivery.Prober)
	if !ok {
		return nil, "what is stored cannot be seen: a sink shows what is forwarded"
	}
	counted := false
	look = func(ctx context.Context, stored, logged func(string)) error {
		return prober.Poll(ctx, &delivery.Visitor{
			Row: func(r *delivery.Row) { stored(r.Name) }, Logged: logged, Count: func(int64) { counted = true },
		})
	}
	ignore := func(string) {}
	_ = look(ctx, ignore, ignore) // if it fails, the next poll may succeed
	if counted {
		return nil, "which calls are stored cannot be seen: the server only counts them"
	}
	return look, ""
}
