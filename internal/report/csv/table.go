package csv

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"rdiostress/internal/report"
)

// column is a column of a table whose rows are made of values of a type.
type column[T any] struct {
	name string
	cell func(*T) string
}

// writeTable writes a header and a row for each value, with the line ends of RFC 4180.
func writeTable[T any](w io.Writer, columns []column[T], values []T) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	cells := make([]string, len(columns))
	for i := range columns {
		cells[i] = columns[i].name
	}
	err := out.Write(cells)
	for row := range values {
		for i := range columns {
			cells[i] = columns[i].cell(&values[row])
		}
		if err == nil {
			err = out.Write(cells)
		}
	}
	if out.Flush(); err == nil {
		err = out.Error()
	}
	if err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

// number writes a number with a point and without thousands separators; nothing for what is not finite.
func number(v float64) string {
	const plainFrom, plainTo = 1e-6, 1e15 // within, there are no exponents
	switch a := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return ""
	case a == 0 || a >= plainFrom && a < plainTo:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
}

func count(n uint64) string { return strconv.FormatUint(n, 10) }

// optional writes a number that may be absent.
func optional(v *float64) string {
	if v == nil {
		return ""
	}
	return number(*v)
}

// optionalCount writes a count that may be absent.
func optionalCount(n *uint64) string {
	if n == nil {
		return ""
	}
	return count(*n)
}

// formulaStarts are the characters from which spreadsheets take a cell for a formula, also in their full-width forms.
const formulaStarts = "=+-@＝＋－＠"

// words writes a text that may be foreign, on one line. A mark before one that spreadsheets would take for a formula,
// and run, makes it text.
func words(s string) string {
	s = report.Line(s)
	if first, _ := utf8.DecodeRuneInString(s); s != "" && strings.ContainsRune(formulaStarts, first) {
		return "'" + s
	}
	return s
}
