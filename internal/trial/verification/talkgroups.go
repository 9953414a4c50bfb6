package verification

import (
	"context"
	"errors"

	"rdiostress/internal/delivery"
)

// Talkgroup is a talkgroup of a system.
type Talkgroup struct{ System, ID int64 }

// Knowledge lists the talkgroups that a server knows, as far as that can be read.
type Knowledge struct {
	Talkgroups map[Talkgroup]bool
	Complete   bool  // these are all that it knows
	TakesAny   bool  // it has nothing to learn
	Adds       *bool // whether it adds others by their first calls; nil is not known
}

// Knowledge reads which talkgroups the server knows, where that can be read.
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
	case err != nil: // it tries again by itself while a database is locked
		return Knowledge{}
	}
	k.Adds = settings.AutoPopulates
	return k
}

// Add notes that the server knows a talkgroup.
func (k *Knowledge) Add(t Talkgroup) {
	if k.Talkgroups == nil {
		k.Talkgroups = make(map[Talkgroup]bool)
	}
	k.Talkgroups[t] = true
}

// AddsNone reports whether the server is known to add no talkgroups by itself.
func (k *Knowledge) AddsNone() bool { return k.Adds != nil && !*k.Adds }

// LookAtNames looks once, and reports the file names of calls that are stored since the last look, and the lines of the
// server's log.
type LookAtNames func(ctx context.Context, stored, logged func(string)) error

// Names returns what reports the names of calls that are stored from now on; nil and why where the names cannot be
// seen.
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
	_ = look(ctx, ignore, ignore) // if it fails, the next may not
	if counted {
		return nil, "which calls are stored cannot be seen: the server only counts them"
	}
	return look, ""
}
