package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"rdiostress/internal/measure"
)

// WriteJSON writes the report as indented JSON, the form that Read reads. Each interval of the long lists is on one
// line, since indented they would take three times as much.
func WriteJSON(w io.Writer, rep Report) error {
	rep.fillEmpty()
	parts, err := rep.parts()
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	var out bytes.Buffer
	for i, part := range parts {
		out.WriteString([]string{"{", ","}[min(i, 1)])
		fmt.Fprintf(&out, "\n  %q: ", part.name)
		indent := json.Indent
		if part.name == "series" || part.name == "histograms" {
			indent = indentLines
		}
		if err := indent(&out, part.value, "  ", "  "); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
	}
	out.WriteString("\n}\n")
	if _, err := w.Write(JSONWithoutCommands(out.Bytes())); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// indentLines is as [json.Indent] for a list, and leaves each element on one line.
func indentLines(out *bytes.Buffer, list []byte, prefix, indent string) error {
	var elements []json.RawMessage
	if err := json.Unmarshal(list, &elements); err != nil {
		return err
	}
	for i, element := range elements {
		out.WriteString([]string{"[", ","}[min(i, 1)])
		out.WriteString("\n" + prefix + indent)
		writeSpaced(out, element)
	}
	if len(elements) == 0 {
		out.WriteString("[]")
		return nil
	}
	out.WriteString("\n" + prefix + "]")
	return nil
}

// writeSpaced writes compact JSON with a space after each colon and comma, on one line.
func writeSpaced(out *bytes.Buffer, text []byte) {
	quoted, escaped := false, false
	for _, c := range text {
		out.WriteByte(c)
		switch {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ':' || c == ','):
			out.WriteByte(' ')
		}
	}
}

// Read reads a saved report. It refuses another schema and figures that contradict each other, so that what it returns
// can be judged, compared and merged. It ignores fields that it does not know, because newer versions add some. The
// error says what is wrong and where.
func Read(r io.Reader) (Report, error) {
	data, err := readAll(r)
	if err != nil {
		return Report{}, err
	}
	return readReport(data)
}

// readReport reads a report as Read does.
func readReport(data []byte) (Report, error) {
	// The schema first: another version may have any shape.
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return Report{}, fmt.Errorf("not a report: %w", locate(data, err))
	}
	switch head.Schema {
	case Schema:
	case "":
		return Report{}, fmt.Errorf("not a report: there is no \"schema\" (want %q)", Schema)
	default:
		return Report{}, fmt.Errorf("a report of another version: its schema is %.60q, this version reads %q",
			head.Schema, Schema)
	}
	var rep Report
	if err := json.Unmarshal(data, &rep); err != nil {
		return Report{}, fmt.Errorf("damaged report: %w", locate(data, err))
	}
	if err := check(&rep); err != nil {
		return Report{}, fmt.Errorf("damaged report: %w", err)
	}
	for _, h := range rep.TrendSpans { // the file has these in place of the Result's trend
		times := measure.TrendPoint{FromS: h.FromS, ToS: h.ToS, P95S: h.P95S, FewSamples: h.FewSamples}
		rep.Trend = append(rep.Trend, times)
	}
	rep.fillEmpty()
	return rep, nil
}

// fieldOrder is the order of the fields in the file: who and what first, then the figures, then the judgement, then the
// long lists. A field that is not listed comes last.
const fieldOrder = "schema tool run target scenario totals latency service_time steps first_calls phases clients " +
	"servers guide errors error_details upload_sizes thresholds verdict alerts kpis memory watch trend summary " +
	"delivery transcription priming traffic mischief retries client_behavior diagnosis series histograms generator"

// part is a field of the file.
type part struct {
	name  string
	value json.RawMessage
}

// parts are the fields of what was measured and what was judged, in the order of the file.
func (r *Report) parts() (list []part, err error) {
	type fields Report // without MarshalJSON
	var encoded bytes.Buffer
	enc := json.NewEncoder(&encoded)
	enc.SetEscapeHTML(false) // samples and URLs are for people, and this is not HTML
	if err := enc.Encode((*fields)(r)); err != nil {
		return nil, err
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(encoded.Bytes(), &values); err != nil {
		return nil, err
	}
	for name := range strings.FieldsSeq(fieldOrder) {
		if value, ok := values[name]; ok {
			list = append(list, part{name, value})
			delete(values, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) { // a report is not lost for one that is not listed
		list = append(list, part{name, values[name]})
	}
	return list, nil
}

// MarshalJSON writes what was measured and what was judged as one object, in the order of the file.
func (r Report) MarshalJSON() ([]byte, error) {
	parts, err := r.parts()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, p := range parts {
		fmt.Fprintf(&out, ",%q:%s", p.name, p.value)
	}
	return append(append([]byte{'{'}, out.Bytes()[1:]...), '}'), nil
}

// locate adds the line and column to an error that knows its offset in data.
func locate(data []byte, err error) error {
	var offset int64
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return errors.New("the file is empty")
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		if kind.Field == "" {
			return fmt.Errorf("it holds a JSON %s, not an object", kind.Value)
		}
		line, column := position(data, kind.Offset)
		field := strings.TrimPrefix(kind.Field, "Result.") // embedded, so the file has no such level
		return fmt.Errorf("line %d, column %d: %s is a JSON %s, want %s", line, column, field, kind.Value,
			wanted(kind.Type))
	default:
		return err
	}
	line, column := position(data, offset)
	return fmt.Errorf("line %d, column %d: %w", line, column, err)
}

// wanted names what JSON has for values of a type.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return wanted(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number of 0 or more"
	default:
		return "a whole number"
	}
}

// position returns the line and column, counted from 1, of the byte before an offset.
func position(data []byte, offset int64) (line, column int) {
	before := data[:min(max(offset-1, 0), int64(len(data)))]
	return bytes.Count(before, []byte("\n")) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}
