package scannerdb

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"rdiostress/internal/dbread"
	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
)

// readSeven reads a call of rdio-scanner 7 or ThinLine Radio.
func readSeven(ctx context.Context, d *Database, id int64, s *stored) error {
	frequency := "NULL"
	if d.tables.Has("calls", "frequency") { // ThinLine Radio keeps one, and no list
		frequency = `c."frequency"`
	}
	tag, tags := "NULL", ""
	if d.tables.Has("tags", "tagId") && d.tables.Has("tags", "label") {
		tag, tags = `g."label"`, ` LEFT JOIN "tags" g ON g."tagId" = t."tagId"`
	}
	query := `SELECT c."audio", c."audioFilename", c."audioMime", CAST(c."timestamp" AS {text}), ` +
		`CAST(c."siteRef" AS {text}), ` + frequency + `, s."systemRef", s."label", t."talkgroupRef", t."label", ` +
		`t."name", ` + tag + ` FROM "calls" c LEFT JOIN "systems" s ON s."systemId" = c."systemId" ` +
		`LEFT JOIN "talkgroups" t ON t."talkgroupId" = c."talkgroupId"` + tags + ` WHERE c."callId" = {1}`
	there := false
	err := d.each(ctx, query, func(rows *sql.Rows) error {
		there = true
		var site, system, group, name, label sql.NullString
		var hz, systemRef, groupRef sql.NullInt64
		err := rows.Scan(&s.audio, &s.name, &s.media, &s.time, &site, &hz, &systemRef, &system, &groupRef, &group,
			&name, &label)
		s.call = rdio.Call{
			System: replay.ValidID(systemRef.Int64), Talkgroup: replay.ValidID(groupRef.Int64),
			Site:      replay.ParseID(strings.TrimSpace(site.String)), // a name is no number
			Frequency: max(hz.Int64, 0), SystemLabel: replay.Label(system.String),
			TalkgroupLabel: replay.Label(group.String), TalkgroupName: replay.Label(name.String),
			TalkgroupTag: replay.Label(label.String),
		}
		return err
	}, id)
	if err == nil && !there {
		err = errGone
	}
	for _, read := range []func(context.Context, *Database, int64, *rdio.Call) error{
		readGroups, readUnits, readFrequencies, readPatches,
	} {
		if err == nil {
			err = read(ctx, d, id, &s.call)
		}
	}
	return err
}

// each makes a query of a template and calls a function with every row.
func (d *Database) each(ctx context.Context, template string, row func(*sql.Rows) error, values ...any) error {
	query, args := d.write(template, values...)
	return dbread.Query(ctx, d.db, query, args, row)
}

// readGroups reads the groups that a call's talkgroup is in.
func readGroups(ctx context.Context, d *Database, id int64, c *rdio.Call) error {
	if !d.tables.Has("talkgroupGroups", "talkgroupId") || !d.tables.Has("groups", "groupId") {
		return nil
	}
	const query = `SELECT g."label" FROM "calls" c ` +
		`JOIN "talkgroupGroups" m ON m."talkgroupId" = c."talkgroupId" JOIN "groups" g ON g."groupId" = m."groupId" ` +
		`WHERE c."callId" = {1} ORDER BY m."talkgroupGroupId"`
	return d.each(ctx, query, func(rows *sql.Rows) error {
		var label sql.NullString
		err := rows.Scan(&label)
		if text := replay.Label(label.String); text != "" && !slices.Contains(c.TalkgroupGroups, text) {
			c.TalkgroupGroups = append(c.TalkgroupGroups, text)
		}
		return err
	}, id)
}

// readUnits reads who spoke. The server stores the first unit twice if an upload has both source and sources.
func readUnits(ctx context.Context, d *Database, id int64, c *rdio.Call) error {
	own := "NULL"
	if d.tables.Has("callUnits", "label") { // of ThinLine Radio
		own = `p."label"`
	}
	label, units := own, ""
	if d.tables.Has("units", "unitRef") && d.tables.Has("units", "systemId") {
		label = `COALESCE(NULLIF(` + own + `, ''), u."label")`
		units = ` JOIN "calls" c ON c."callId" = p."callId" ` +
			`LEFT JOIN "units" u ON u."systemId" = c."systemId" AND u."unitRef" = p."unitRef"`
	}
	query := `SELECT p."unitRef", p."offset", ` + label + ` FROM "callUnits" p` + units
	err := d.eachPart(ctx, "callUnits", query, `p."offset", p."callUnitId"`, func(rows *sql.Rows) error {
		var ref sql.NullInt64
		var offset sql.NullFloat64
		var label sql.NullString
		err := rows.Scan(&ref, &offset, &label)
		u := rdio.Unit{ID: ref.Int64, OffsetS: max(offset.Float64, 0), Label: replay.Label(label.String)}
		same := func(o rdio.Unit) bool { return o.ID == u.ID && o.OffsetS == u.OffsetS }
		if replay.IsID(u.ID) && !slices.ContainsFunc(c.Units, same) {
			c.Units = append(c.Units, u)
		}
		return err
	}, id)
	if len(c.Units) > 0 {
		c.Source = c.Units[0].ID
	}
	return err
}

// readFrequencies reads on which frequencies the call was heard.
func readFrequencies(ctx context.Context, d *Database, id int64, c *rdio.Call) error {
	if !d.tables.Has("callFrequencies", "frequency") {
		return nil
	}
	const query = `SELECT p."frequency", p."offset", p."errors", p."spikes", p."dbm" FROM "callFrequencies" p`
	err := d.eachPart(ctx, "callFrequencies", query, `p."offset", p."callFrequencyId"`, func(rows *sql.Rows) error {
		var hz, errs, spikes sql.NullInt64
		var offset, dbm sql.NullFloat64
		err := rows.Scan(&hz, &offset, &errs, &spikes, &dbm)
		if hz.Int64 > 0 {
			c.Frequencies = append(c.Frequencies, rdio.Frequency{
				Hz: hz.Int64, OffsetS: max(offset.Float64, 0), Errors: max(errs.Int64, 0),
				Spikes: max(spikes.Int64, 0), DBm: dbm.Float64,
			})
		}
		return err
	}, id)
	if len(c.Frequencies) > 0 && c.Frequency == 0 {
		c.Frequency = c.Frequencies[0].Hz
	}
	return err
}

// readPatches reads which talkgroups were patched together.
func readPatches(ctx context.Context, d *Database, id int64, c *rdio.Call) error {
	if !d.tables.Has("callPatches", "talkgroupId") {
		return nil
	}
	const query = `SELECT t."talkgroupRef" FROM "callPatches" p ` +
		`JOIN "talkgroups" t ON t."talkgroupId" = p."talkgroupId"`
	return d.eachPart(ctx, "callPatches", query, `p."callPatchId"`, func(rows *sql.Rows) error {
		var ref sql.NullInt64
		err := rows.Scan(&ref)
		if replay.IsID(ref.Int64) {
			c.Patches = append(c.Patches, ref.Int64)
		}
		return err
	}, id)
}
