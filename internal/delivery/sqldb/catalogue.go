package sqldb

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"

	"rdiostress/internal/dbread"
	"rdiostress/internal/delivery"
)

// settingsQueries are where a server keeps its talkgroups and settings, as templates like a schema's.
type settingsQueries struct {
	groups  string // selects the numbers of the system and the talkgroup
	options string // selects names and values, which are JSON
	systems string // selects how many systems add unknown talkgroups by themselves, and how many do not

	// bySystem says that the setting of a system decides about its talkgroups, and the one for all only about unknown
	// systems. Else either of them has talkgroups added.
	bySystem bool
}

// settingsOf is where a server keeps its settings; false if it has none that matter, and takes calls of every
// talkgroup as they are.
func settingsOf(server string) (settingsQueries, bool) {
	seven := settingsQueries{
		groups: `SELECT s."systemRef", t."talkgroupRef" FROM "talkgroups" t ` +
			`JOIN "systems" s ON s."systemId" = t."systemId"`,
		// Passwords stand there too, and are left alone.
		options: `SELECT o."key", o."value" FROM "options" o WHERE o."key" IN ('audioConversion', 'autoPopulate')`,
		systems: switches(`"systems"`),
	}
	thinLine := seven
	thinLine.bySystem = true
	switch server {
	case serverSeven:
		return seven, true
	case serverThinLine:
		return thinLine, true
	case serverSix, serverAkumas:
		return settingsQueries{
			groups: `SELECT t."systemId", t."id" FROM "rdioScannerTalkgroups" t`,
			options: `SELECT o."key", o."val" FROM "rdioScannerConfigs" o ` +
				`WHERE o."key" IN ('options', 'option.audioConversion', 'option.autoPopulate')`,
			systems: switches(`"rdioScannerSystems"`),
		}, true
	}
	return settingsQueries{}, false
}

// switches counts the systems by their switch.
func switches(table string) string {
	return `SELECT SUM(CASE WHEN s."autoPopulate" THEN 1 ELSE 0 END), ` +
		`SUM(CASE WHEN s."autoPopulate" THEN 0 ELSE 1 END) FROM ` + table + ` s`
}

// Talkgroups implements Catalogue.
func (p *database) Talkgroups(ctx context.Context, each func(system, talkgroup int64)) error {
	s, ok := settingsOf(p.schema.server)
	if !ok {
		return delivery.ErrTakesAny
	}
	found := make(map[[2]int64]bool) // reading may begin anew, and each is told once
	err := p.retryQuery(ctx, s.groups, func(rows *sql.Rows) error {
		var system, talkgroup int64
		if err := rows.Scan(&system, &talkgroup); err != nil {
			return err
		}
		found[[2]int64{system, talkgroup}] = true
		return nil
	})
	if err != nil {
		return err
	}
	for id := range found {
		each(id[0], id[1])
	}
	return nil
}

// retryQuery makes a query of a template, again from its beginning while it fails for the moment: behind a backlog, a
// server can hold its database for seconds.
func (p *database) retryQuery(ctx context.Context, template string, each func(*sql.Rows) error) error {
	return dbread.Retry(ctx, dbread.OpenPatience, temporary, func() (bool, error) {
		return false, p.query(ctx, p.dialect.Translate(template), nil, each)
	})
}

// Settings implements Catalogue.
func (p *database) Settings(ctx context.Context) (delivery.Settings, error) {
	s, ok := settingsOf(p.schema.server)
	if !ok {
		return delivery.TakesAnySettings(), nil
	}
	options := rdioOptions{convert: 1, populate: true} // what is not set
	var old []string                                   // all in one value, as rdio-scanner 6 has them
	err := p.retryQuery(ctx, s.options, func(rows *sql.Rows) error {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return err
		}
		if name == "options" {
			old = append(old, value)
			return nil
		}
		options.set(strings.TrimPrefix(name, "option."), value)
		return nil
	})
	if err != nil {
		return delivery.Settings{}, err
	}
	if !options.single && len(old) > 0 { // its fork has a value for each, and looks at no other
		options.setAll(old[0])
	}
	converts := options.convert != 0
	settings := delivery.Settings{ConvertsAudio: &converts}
	var adding, leaving sql.NullInt64
	count := func(rows *sql.Rows) error { return rows.Scan(&adding, &leaving) }
	err = p.retryQuery(ctx, s.systems, count)
	if err != nil {
		return settings, err
	}
	settings.AutoPopulates = options.adds(s.bySystem, adding.Int64, leaving.Int64)
	return settings, nil
}

// rdioOptions are the options of rdio-scanner and its kin.
type rdioOptions struct {
	convert  float64 // 0 is off
	populate bool
	single   bool // there is a value for each
}

// set sets an option to a value in JSON. What is no value of its kind the server ignores.
func (o *rdioOptions) set(name, value string) {
	o.single = true
	switch name {
	case "audioConversion":
		setIfValid(&o.convert, []byte(value))
	case "autoPopulate":
		setIfValid(&o.populate, []byte(value))
	}
}

// setAll sets the options to those of an object in JSON.
func (o *rdioOptions) setAll(text string) {
	var all map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &all) != nil {
		return
	}
	setIfValid(&o.convert, all["audioConversion"])
	setIfValid(&o.populate, all["autoPopulate"])
}

func setIfValid[T any](value *T, text []byte) {
	var v *T
	if json.Unmarshal(text, &v) == nil && v != nil {
		*value = *v
	}
}

// adds reports whether the server adds unknown systems and talkgroups; nil if it depends on the system.
func (o *rdioOptions) adds(bySystem bool, adding, leaving int64) *bool {
	if o.populate && bySystem && leaving > 0 || !o.populate && adding > 0 {
		return nil
	}
	return &o.populate
}
