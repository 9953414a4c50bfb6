package postgres

import (
	"slices"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/listing"
)

// splitNear separates the calls that are within the duplicate window of an earlier call in the batch: a statement does
// not see its own inserts.
func (w *writer) splitNear(entries []*entry) (first, later []*entry) {
	if w.window == 0 {
		return entries, nil
	}
	type talkgroup struct{ system, talkgroup int64 }
	seen := make(map[talkgroup][]*entry, len(entries))
	for _, e := range entries {
		key := talkgroup{e.Upload.Call.System, e.Upload.Call.Talkgroup}
		if slices.ContainsFunc(seen[key], func(other *entry) bool { return w.areNear(e, other) }) {
			later = append(later, e)
			continue
		}
		seen[key] = append(seen[key], e)
		first = append(first, e)
	}
	return first, later
}

// areNear reports whether two calls of a talkgroup are within the duplicate window of each other.
func (w *writer) areNear(a, b *entry) bool {
	d := a.Upload.Call.Time.UnixMilli() - b.Upload.Call.Time.UnixMilli()
	return -w.window <= d && d <= w.window
}

// decideLater decides about the separated calls, depending on the calls that they are near to. It returns the calls
// that must still be stored because none of those was stored.
func (w *writer) decideLater(first, later []*entry) (rest []*entry) {
	for _, e := range later {
		c := &e.Upload.Call
		stored := slices.IndexFunc(first, func(o *entry) bool {
			oc := &o.Upload.Call
			return o.Err == nil && oc.System == c.System && oc.Talkgroup == c.Talkgroup && w.areNear(e, o)
		})
		switch {
		case stored < 0:
			rest = append(rest, e)
		case first[stored].Upload.SHA256 == e.Upload.SHA256 &&
			first[stored].Upload.Call.Time.UnixMilli() == c.Time.UnixMilli():
			e.ID, e.Repeat = first[stored].ID, true
		default:
			e.Err = call.ErrDuplicate
		}
	}
	return rest
}

// locks returns the advisory locks of calls, in order, so that servers cannot deadlock. Time is divided into spans as
// long as the window; a call takes the locks of its own span and of the next.
func (w *writer) locks(entries []*entry) []int64 {
	keys := make([]int64, 0, 2*len(entries))
	for _, e := range entries {
		c := &e.Upload.Call
		piece := c.Time.UnixMilli() / w.window
		keys = append(keys, lockKey(c.System, c.Talkgroup, piece), lockKey(c.System, c.Talkgroup, piece+1))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// lockKey hashes three numbers into one, the same on every server. A collision is rare and harmless.
func lockKey(system, talkgroup, piece int64) int64 {
	h := uint64(14695981039346656037) // FNV-1a over whole numbers
	for _, v := range [3]int64{system, talkgroup, piece} {
		h = (h ^ uint64(v)) * 1099511628211
		h ^= h >> 29
	}
	return int64(h)
}

// rows are the arguments of insertCalls.
func (w *writer) rows(entries []*entry) []any {
	var ids, systems, talkgroups, started, received, frequencies, sources, sites, sizes []int64
	var systemLabels, labels, names, tags, aliases, audioNames, audioTypes []string
	var lists [4][]*string
	var sums, audios [][]byte
	var nodes, files []*string
	for _, e := range entries {
		u, c := e.Upload, &e.Upload.Call
		ids, systems, talkgroups = append(ids, e.id), append(systems, c.System), append(talkgroups, c.Talkgroup)
		started, received = append(started, c.Time.UnixMilli()), append(received, u.Received.UnixMilli())
		frequencies, sources, sites = append(frequencies, c.Frequency), append(sources, c.Source), append(sites, c.Site)
		sizes, sums = append(sizes, u.Size), append(sums, u.SHA256[:])
		systemLabels, labels = append(systemLabels, c.SystemLabel), append(labels, c.TalkgroupLabel)
		names, tags = append(names, c.TalkgroupName), append(tags, c.TalkgroupTag)
		aliases = append(aliases, c.TalkerAlias)
		audioNames, audioTypes = append(audioNames, c.AudioName), append(audioTypes, c.AudioType)
		for i, l := range e.lists {
			lists[i] = append(lists[i], l)
		}
		var node, file *string
		audio := u.Audio
		if e.File != "" {
			node, file, audio = &w.audioNode, &e.File, nil
		} else if audio == nil {
			audio = []byte{} // not NULL
		}
		nodes, files, audios = append(nodes, node), append(files, file), append(audios, audio)
	}
	return []any{
		w.node, listing.DayMS, w.window,
		ids, systems, talkgroups, started, received, frequencies, sources, sites, sizes,
		systemLabels, labels, names, tags, lists[0], aliases, lists[1], lists[2], lists[3],
		audioNames, audioTypes, sums, nodes, files, audios,
	}
}
