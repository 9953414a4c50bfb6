package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/scenario"
	"rdiostress/internal/traffic"
)

// place is a system and a talkgroup.
type place [2]int64

// knowledge is what is known of the talkgroups that a server knows.
type knowledge struct {
	places   map[place]bool
	read     bool  // the server told all that it knows
	takesAny bool  // it has nothing to learn
	adds     *bool // whether it adds others by their first calls; nil is not known
}

// knowledge reads what the server knows, where that can be read.
func (c *check) knowledge(ctx context.Context) knowledge {
	catalogue, ok := c.prober.(delivery.Catalogue)
	if !ok {
		return knowledge{}
	}
	k := knowledge{read: true}
	settings, err := catalogue.Settings(ctx)
	if err == nil {
		err = catalogue.Talkgroups(ctx, func(system, talkgroup int64) { k.add(place{system, talkgroup}) })
	}
	switch {
	case errors.Is(err, delivery.ErrTakesAny):
		return knowledge{takesAny: true}
	case err != nil: // it tries again by itself while a database is locked
		return knowledge{}
	}
	k.adds = settings.AutoPopulates
	return k
}

// names returns what tells the names of the calls that are stored from now on, and what the server's log says from now
// on; nil and why where the names cannot be seen.
func (c *check) names(ctx context.Context) (look func(_ context.Context, found, told func(string)) error, unseen string) {
	switch c.prober.(type) {
	case nil:
		return nil, "what is stored cannot be seen: " + c.why
	case *delivery.Sink:
		return nil, "what is stored cannot be seen: a sink shows what is forwarded"
	}
	counted := false
	look = func(ctx context.Context, found, told func(string)) error {
		return c.prober.Poll(ctx, &delivery.Visitor{
			Row: func(r *delivery.Row) { found(r.Name) }, Logged: told, Count: func(int64) { counted = true },
		})
	}
	ignore := func(string) {}
	_ = look(ctx, ignore, ignore) // if it fails, the next may not
	if counted {
		return nil, "which calls are stored cannot be seen: the server only counts them"
	}
	return look, ""
}

func (k *knowledge) add(p place) {
	if k.places == nil {
		k.places = make(map[place]bool)
	}
	k.places[p] = true
}

// addsNone tells whether the server is known to add no talkgroups by itself.
func (k *knowledge) addsNone() bool { return k.adds != nil && !*k.adds }

// unknown are those pairs that the server is not known to know.
func (k *knowledge) unknown(traffic *traffic.Traffic, pairs []int) (list []int) {
	for _, pair := range pairs {
		if !k.places[placeOf(traffic, pair)] {
			list = append(list, pair)
		}
	}
	return list
}

func placeOf(traffic *traffic.Traffic, pair int) place {
	system, talkgroup := traffic.Pair(pair)
	return place{system, talkgroup}
}

// talkgroups are those of a scenario that the server knows in all of its systems.
func (k *knowledge) talkgroups(s *scenario.Scenario) (ids scenario.IDs) {
	for _, id := range s.Talkgroups {
		if !slices.ContainsFunc(s.Systems, func(system int64) bool { return !k.places[place{system, id}] }) {
			ids = append(ids, id)
		}
	}
	return ids
}

// hint says which talkgroups the server could be sent.
func (k *knowledge) hint() string {
	const hint, some = "give --systems and --talkgroups that it has", 5
	of := make(map[int64]scenario.IDs)
	best := int64(0)
	for p := range k.places {
		of[p[0]] = append(of[p[0]], p[1])
	}
	for system, ids := range of {
		if n, most := len(ids), len(of[best]); n > most || n == most && system < best {
			best = system
		}
	}
	if len(of[best]) == 0 {
		return hint
	}
	slices.Sort(of[best])
	return fmt.Sprintf("%s, such as --systems %d --talkgroups %v", hint, best, of[best][:min(some, len(of[best]))])
}

// guardUnknown keeps calls from a server that adds no talkgroups by itself, before the first is sent: of the default
// ones, only those that it knows are used. What the user has named is sent as long as the server knows any of it.
func (o *runOptions) guardUnknown(ctx context.Context, c *check, runID string, clips traffic.Clips) error {
	s := &o.scenario
	if s.Replay.On() || !o.firstStep() {
		return nil
	}
	know := c.knowledge(ctx)
	if !know.addsNone() {
		return nil
	}
	o.known = know.places
	traffic := traffic.New(s, traffic.Options{RunID: runID, Start: time.Now(), Clips: clips})
	used := traffic.UsedPairs(s, o.usesAll())
	unknown := know.unknown(traffic, used)
	const addsNone = "the server adds no talkgroups by itself (its auto-populate is off), and "
	switch {
	case len(unknown) == 0:
	case o.traffic.named && len(unknown) < len(used):
		o.warn(fmt.Sprintf(addsNone+"does not know %d of the %d of this run; rdio-scanner 7 needs them: "+
			"send only systems and talkgroups that it has", len(unknown), len(used)))
	case !o.traffic.named && o.restrict(&know):
		o.warn(fmt.Sprintf(addsNone+"knows %d of the default ones: the run uses these", len(s.Talkgroups)))
	case len(unknown) == len(used):
		err := fmt.Errorf(addsNone+"does not know any of the %d that this run would send", len(used))
		return withHint(err, know.hint())
	default:
		return withHint(fmt.Errorf(addsNone+"of the default ones it knows too few for this load"), know.hint())
	}
	return nil
}

// knownPairs are the pairs that the server is known to know.
func (o *runOptions) knownPairs(traffic *traffic.Traffic) (pairs []int) {
	if len(o.known) == 0 {
		return nil
	}
	for pair := range traffic.Pairs() {
		if o.known[placeOf(traffic, pair)] {
			pairs = append(pairs, pair)
		}
	}
	return pairs
}
