package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A record of a segment has the row of its call: a version, and then the values of insertCall without the id and the
// place of the audio. Each value has a letter for its type.
const (
	rowVersion = 1

	rowSystem    = 0 // where some of the values are
	rowTalkgroup = 1
	rowStarted   = 2
	rowSize      = 18
	rowSum       = 19
	rowFile      = 20
	rowValues    = 21

	typeNull  = 'n'
	typeInt   = 'i'
	typeText  = 's'
	typeBytes = 'b'
)

var errBadRow = errors.New("not the row of a call")

// appendRow appends the encoded values of a row.
func appendRow(to []byte, values []any) []byte {
	to = append(to, rowVersion)
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			to = append(to, typeNull)
		case int64:
			to = binary.AppendVarint(append(to, typeInt), v)
		case string:
			to = binary.AppendUvarint(append(to, typeText), uint64(len(v)))
			to = append(to, v...)
		case []byte:
			to = binary.AppendUvarint(append(to, typeBytes), uint64(len(v)))
			to = append(to, v...)
		default:
			panic(fmt.Sprintf("a row has no values of type %T", v))
		}
	}
	return to
}

// parseRow returns the values of a row.
func parseRow(text []byte) (values []any, err error) {
	if len(text) == 0 || text[0] != rowVersion {
		return nil, errBadRow
	}
	text = text[1:]
	for len(text) > 0 {
		kind := text[0]
		text = text[1:]
		if kind == typeNull {
			values = append(values, nil)
			continue
		}
		if kind == typeInt {
			n, size := binary.Varint(text)
			if size <= 0 {
				return nil, errBadRow
			}
			values, text = append(values, n), text[size:]
			continue
		}
		n, size := binary.Uvarint(text)
		if size <= 0 || n > uint64(len(text)-size) || kind != typeText && kind != typeBytes {
			return nil, errBadRow
		}
		value := text[size : size+int(n)]
		text = text[size+int(n):]
		if kind == typeText {
			values = append(values, string(value))
		} else {
			values = append(values, value)
		}
	}
	if len(values) != rowValues {
		return nil, errBadRow
	}
	for _, i := range []int{rowSystem, rowTalkgroup, rowStarted, rowSize} {
		if _, ok := values[i].(int64); !ok {
			return nil, errBadRow
		}
	}
	return values, nil
}
