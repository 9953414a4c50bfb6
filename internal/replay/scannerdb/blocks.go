package scannerdb

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"rdiostress/internal/dbread"
)

// blocks say where in a table the parts of a call are. Servers keep the units, frequencies and patches of calls in
// tables without an index on the call, so that finding those of one call would take a look at all rows. Parts are
// written together with their call, so that their own numbers rise as the calls' do: a block of them is of few calls.
type blocks struct {
	width int64
	all   []block // by number
}

// block is a range of a table's rows, and the calls that they are of.
type block struct{ number, lowest, highest int64 }

// maxBlocks bounds how many blocks of a table are kept, and minWidth how small they are.
const (
	maxBlocks = 4096
	minWidth  = 64
)

// parts are the tables with parts of calls and their keys.
func parts() map[string]string {
	return map[string]string{
		"callUnits": "callUnitId", "callFrequencies": "callFrequencyId", "callPatches": "callPatchId",
	}
}

// indexParts looks through the tables with parts of calls.
func (d *Database) indexParts(ctx context.Context) error {
	for table, key := range parts() {
		if !d.tables.Has(table, key) || !d.tables.Has(table, "callId") {
			continue
		}
		b := &blocks{}
		err := dbread.Retry(ctx, dbread.OpenPatience, dbread.IsTemporary, func() (bool, error) {
			return false, d.indexTable(ctx, b, table, key)
		})
		if err != nil {
			return err
		}
		d.blocks[table] = b
	}
	return nil
}

// indexTable finds the blocks of a table.
func (d *Database) indexTable(ctx context.Context, b *blocks, table, key string) error {
	name := strings.NewReplacer("TABLE", `"`+table+`"`, "KEY", `p."`+key+`"`)
	var low, high sql.NullInt64
	err := d.each(ctx, name.Replace(`SELECT MIN(KEY), MAX(KEY) FROM TABLE p`), func(rows *sql.Rows) error {
		return rows.Scan(&low, &high)
	})
	if err != nil {
		return err
	}
	*b = blocks{width: max(minWidth, (high.Int64-low.Int64)/maxBlocks+1)}
	// The remainder is taken off, as databases differ in what they make of a quotient.
	query := name.Replace(`SELECT (KEY - KEY % {1}) / {1}, MIN(p."callId"), MAX(p."callId") FROM TABLE p ` +
		`GROUP BY (KEY - KEY % {1}) / {1}`)
	query = strings.ReplaceAll(query, "{1}", itoa(b.width))
	err = d.each(ctx, query, func(rows *sql.Rows) error {
		var number float64 // MySQL's quotients are decimals
		var k block
		err := rows.Scan(&number, &k.lowest, &k.highest)
		k.number = int64(number)
		b.all = append(b.all, k)
		return err
	})
	slices.SortFunc(b.all, func(x, y block) int { return int(x.number - y.number) })
	return err
}

// eachPart calls a function with each part of a call. The query selects from the table under the name p.
func (d *Database) eachPart(
	ctx context.Context, table, query, order string, row func(*sql.Rows) error, call int64,
) error {
	b, key := d.blocks[table], parts()[table]
	if b == nil {
		return nil
	}
	for i := 0; i < len(b.all); i++ {
		if !b.all[i].has(call) {
			continue
		}
		from := i
		for i+1 < len(b.all) && b.all[i+1].has(call) {
			i++
		}
		where := ` WHERE p."callId" = {1} AND p."` + key + `" >= {2} AND p."` + key + `" < {3} ORDER BY ` + order
		err := d.each(ctx, query+where, row, call, b.all[from].number*b.width, (b.all[i].number+1)*b.width)
		if err != nil {
			return err
		}
	}
	return nil
}

func (k *block) has(call int64) bool { return k.lowest <= call && call <= k.highest }
