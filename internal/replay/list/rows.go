package list

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"rdiostress/internal/replay"
)

// maxRow bounds a row of a list; one of a long call with a transcript has some kB.
const maxRow = 1 << 20

var errLongRow = errors.New("a row is longer than 1 MB: a quote is not closed")

// format is how the rows of a list are written.
type format struct {
	isJSON    bool
	delimiter byte     // of CSV
	header    []column // of CSV: what each place in a row is; columns if its name is not known
}

// delimiters are what can divide the cells of CSV.
const delimiters = ",;\t"

// rowReader reads the rows of a list one after the other.
type rowReader struct {
	in     *bufio.Reader
	isJSON bool
	at     int64 // where the next row begins
	line   int   // of the row that was read last
	next   int
}

func newRowReader(in io.Reader, isJSON bool) *rowReader {
	return &rowReader{in: bufio.NewReader(in), isJSON: isJSON, next: 1}
}

// read returns the next row that is not blank, and where it begins. In CSV, it goes on over lines until its quotes are
// closed. The error after the last row is io.EOF.
func (r *rowReader) read() (text []byte, at int64, err error) {
	for {
		text, at, r.line = nil, r.at, r.next
		for open := true; open; {
			line, err := r.in.ReadSlice('\n')
			r.at += int64(len(line))
			if text = append(text, line...); len(text) > maxRow {
				return nil, at, errLongRow
			}
			if err == nil {
				r.next++
				open = !r.isJSON && isOpen(text)
			} else if errors.Is(err, bufio.ErrBufferFull) {
				continue
			} else if len(text) > 0 && errors.Is(err, io.EOF) {
				break
			} else {
				return nil, at, err
			}
		}
		if at == 0 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		if text = bytes.TrimRight(text, "\r\n"); len(bytes.TrimSpace(text)) > 0 {
			return text, at, nil
		}
	}
}

// isOpen reports whether a row of CSV ends within quotes. Only quotes around a cell count: one within it is text.
func isOpen(text []byte) bool {
	const (
		start = iota // of a cell
		plain
		quoted
		closed // unless another quote follows
	)
	state := start
	for _, b := range text {
		divides := state != quoted && strings.IndexByte(delimiters+"\n", b) >= 0
		switch {
		case divides:
			state = start
		case b == '"' && state == quoted:
			state = closed
		case b == '"' && state != plain:
			state = quoted
		case state == start && b != ' ':
			state = plain
		}
	}
	return state == quoted
}

// parseHeader reads the header of a CSV list. Its columns are divided by commas, semicolons or tabs, whichever it has
// most of.
func parseHeader(text []byte) (f format, err error) {
	if bytes.IndexByte(text, 0) >= 0 {
		return f, errors.New("it is no text in UTF-8")
	}
	f.delimiter = ','
	for _, d := range []byte(delimiters) {
		if bytes.Count(text, []byte{d}) > bytes.Count(text, []byte{f.delimiter}) {
			f.delimiter = d
		}
	}
	names, err := splitCSV(string(text), f.delimiter)
	if err != nil {
		return f, fmt.Errorf("its header is no CSV: %w", err)
	}
	f.header = make([]column, len(names))
	at := make(map[column]int) // the best place of a column, and how good its name is
	ranks := make(map[column]int)
	for i, name := range names {
		f.header[i] = columns
		c, rank, ok := columnOf(name)
		if before, has := at[c]; !ok || has && ranks[c] <= rank {
			continue
		} else if has {
			f.header[before] = columns
		}
		f.header[i], at[c], ranks[c] = c, i, rank
	}
	return f, missing(func(c column) bool { _, has := at[c]; return has })
}

// parseRow reads a row.
func (f *format) parseRow(text []byte) (r row, err error) {
	if f.isJSON {
		return parseObject(text)
	}
	cells, err := splitCSV(string(text), f.delimiter)
	if err != nil {
		return r, replay.Skipf(replay.BadSidecar, "its row is no CSV: %w", err)
	}
	for i, cell := range cells {
		if i < len(f.header) && f.header[i] < columns {
			r[f.header[i]] = cell
		}
	}
	return r, nil
}

// parseObject reads a row of JSON Lines.
func parseObject(text []byte) (r row, err error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return r, replay.Skipf(replay.BadSidecar, "its row is no JSON object: %w", err)
	}
	ranks := make(map[column]int)
	for name, value := range fields {
		c, rank, ok := columnOf(name)
		if before, has := ranks[c]; !ok || string(value) == "null" || has && before <= rank {
			continue
		}
		ranks[c], r[c] = rank, string(value)
		var s string
		if json.Unmarshal(value, &s) == nil {
			r[c] = s
		}
	}
	return r, missing(func(c column) bool { _, has := ranks[c]; return has })
}

// splitCSV returns the cells of a row, as RFC 4180 has them. Spaces around cells are not part of them.
func splitCSV(text string, delimiter byte) (cells []string, err error) {
	for {
		text = strings.TrimLeft(text, " ")
		var cell string
		if quoted, ok := strings.CutPrefix(text, `"`); ok {
			if cell, text, err = cutQuoted(quoted); err != nil {
				return nil, err
			}
			text = strings.TrimLeft(text, " ")
			if text != "" && text[0] != delimiter {
				return nil, errors.New("there is text behind a closing quote")
			}
		} else if end := strings.IndexByte(text, delimiter); end >= 0 {
			cell, text = text[:end], text[end:]
		} else {
			cell, text = text, ""
		}
		cells = append(cells, strings.TrimSpace(cell))
		if text == "" {
			return cells, nil
		}
		text = text[1:]
	}
}

// cutQuoted returns what is before a closing quote, with two quotes for one, and what is behind it.
func cutQuoted(text string) (cell, rest string, err error) {
	var out strings.Builder
	for {
		before, after, ok := strings.Cut(text, `"`)
		if !ok {
			return "", "", errors.New("a quote is not closed")
		}
		out.WriteString(before)
		if text, ok = strings.CutPrefix(after, `"`); !ok {
			return out.String(), after, nil
		}
		out.WriteByte('"')
	}
}
