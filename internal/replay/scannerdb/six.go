package scannerdb

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// readSix reads a call of rdio-scanner 6.
func readSix(ctx context.Context, d *Database, id int64, s *stored) error {
	const query = `SELECT c."audio", c."audioName", c."audioType", CAST(c."dateTime" AS {text}), c."frequencies", ` +
		`CAST(c."frequency" AS {text}), c."patches", CAST(c."source" AS {text}), c."sources", c."system", ` +
		`c."talkgroup" FROM "rdioScannerCalls" c WHERE c."id" = {1}`
	there := false
	err := d.each(ctx, query, func(rows *sql.Rows) error {
		there = true
		var frequencies, hz, patches, source, sources sql.NullString
		var system, group sql.NullInt64
		err := rows.Scan(&s.audio, &s.name, &s.media, &s.time, &frequencies, &hz, &patches, &source, &sources, &system,
			&group)
		s.call = rdio.Call{
			System: replay.ValidID(system.Int64), Talkgroup: replay.ValidID(group.Int64),
			Frequency: int64(number(hz.String, 1e12)),
			Source:    replay.ValidID(int64(number(source.String, rdio.MaxID))),
		}
		parseLists(&s.call, frequencies.String, patches.String, sources.String)
		return err
	}, id)
	if err == nil && !there {
		err = errGone
	}
	if err == nil {
		err = readLabels(ctx, d, &s.call)
	}
	return err
}

// parseLists reads the lists of a call, each of which is JSON. What is none is left out.
func parseLists(c *rdio.Call, frequencies, patches, sources string) {
	for _, f := range objects(frequencies) {
		if hz := f.number("freq", 1e12); hz > 0 {
			c.Frequencies = append(c.Frequencies, rdio.Frequency{
				Hz: int64(hz), OffsetS: f.number("pos", 1e5), LengthS: f.number("len", 1e5),
				Errors: int64(f.number("errorCount", 1e9)), Spikes: int64(f.number("spikeCount", 1e9)),
			})
		}
	}
	var ids []json.RawMessage
	_ = json.Unmarshal([]byte(patches), &ids) // there are none then
	for _, text := range ids {
		if id := replay.ValidID(int64(number(string(text), rdio.MaxID))); id != 0 {
			c.Patches = append(c.Patches, id)
		}
	}
	for _, u := range objects(sources) {
		if id := replay.ValidID(int64(u.number("src", rdio.MaxID))); id != 0 {
			c.Units = append(c.Units, rdio.Unit{ID: id, OffsetS: u.number("pos", 1e5), Label: u.label("tag")})
		}
	}
	if c.Source == 0 && len(c.Units) > 0 {
		c.Source = c.Units[0].ID
	}
	if len(c.Units) == 0 && c.Source != 0 {
		c.Units = []rdio.Unit{{ID: c.Source}}
	}
	if c.Frequency == 0 && len(c.Frequencies) > 0 {
		c.Frequency = c.Frequencies[0].Hz
	}
}

// object is a JSON object of a list.
type object map[string]json.RawMessage

// objects reads a list of JSON objects; nil if it is none.
func objects(text string) (list []object) {
	if json.Unmarshal([]byte(text), &list) != nil {
		return nil
	}
	return list
}

func (o object) number(name string, most float64) float64 {
	return number(strings.Trim(string(o[name]), `"`), most)
}

func (o object) label(name string) string {
	var text string
	if json.Unmarshal(o[name], &text) != nil {
		return ""
	}
	return replay.Label(text)
}

// number reads a number of at most so much; 0 if there is none, or it is negative.
func number(text string, most float64) float64 {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(n) || n < 0 || n > most {
		return 0
	}
	return n
}

// readLabels reads what the system, the talkgroup and the units of a call are called.
func readLabels(ctx context.Context, d *Database, c *rdio.Call) error {
	var err error
	if d.tables.Has("rdioScannerSystems", "id") && d.tables.Has("rdioScannerSystems", "label") {
		const query = `SELECT s."label" FROM "rdioScannerSystems" s WHERE s."id" = {1}`
		err = d.each(ctx, query, func(rows *sql.Rows) error { return scanLabels(rows, &c.SystemLabel) }, c.System)
	}
	if err == nil && d.tables.Has("rdioScannerTalkgroups", "groupId") {
		const query = `SELECT t."label", t."name", g."label", m."label" FROM "rdioScannerTalkgroups" t ` +
			`LEFT JOIN "rdioScannerTags" g ON g."_id" = t."tagId" ` +
			`LEFT JOIN "rdioScannerGroups" m ON m."_id" = t."groupId" WHERE t."systemId" = {1} AND t."id" = {2}`
		var group string
		err = d.each(ctx, query, func(rows *sql.Rows) error {
			return scanLabels(rows, &c.TalkgroupLabel, &c.TalkgroupName, &c.TalkgroupTag, &group)
		}, c.System, c.Talkgroup)
		if group != "" {
			c.TalkgroupGroups = []string{group}
		}
	}
	if !d.tables.Has("rdioScannerUnits", "systemId") {
		return err
	}
	for i := range c.Units {
		if u := &c.Units[i]; err == nil && u.Label == "" {
			const query = `SELECT u."label" FROM "rdioScannerUnits" u WHERE u."systemId" = {1} AND u."id" = {2}`
			err = d.each(ctx, query, func(rows *sql.Rows) error { return scanLabels(rows, &u.Label) }, c.System, u.ID)
		}
	}
	return err
}

// scanLabels reads a row of names.
func scanLabels(rows *sql.Rows, labels ...*string) error {
	texts := make([]sql.NullString, len(labels))
	into := make([]any, len(labels))
	for i := range texts {
		into[i] = &texts[i]
	}
	err := rows.Scan(into...)
	for i, text := range texts {
		*labels[i] = replay.Label(text.String)
	}
	return err
}
