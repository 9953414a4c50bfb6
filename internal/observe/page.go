package observe

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// metricsPage is a page of metrics: the series of each name.
type metricsPage map[string][]series

// series is one value with its labels.
type series struct {
	labels string // as written between the braces
	value  float64
}

// findMetric adds up the series of a page that match a mapping.
func findMetric(page metricsPage, k Mapping) (sum float64, ok bool) {
	for _, s := range page[k.Metric] {
		if len(k.Labels) > 0 && !matches(s.labels, k.Labels) {
			continue
		}
		sum += s.value
		ok = true
	}
	return sum, ok
}

// parsePrometheus parses the Prometheus text format. It skips lines that it does not understand.
func parsePrometheus(text []byte) metricsPage {
	page := make(metricsPage)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		end := strings.IndexAny(line, "{ \t")
		if end <= 0 {
			continue
		}
		name, rest, labels := line[:end], line[end:], ""
		if rest[0] == '{' {
			length := labelsEnd(rest)
			if length < 0 {
				continue
			}
			labels, rest = rest[1:length], rest[length+1:]
		}
		fields := strings.Fields(rest) // a timestamp may follow the value
		if len(fields) == 0 {
			continue
		}
		if v, err := strconv.ParseFloat(fields[0], 64); err == nil {
			page[name] = append(page[name], series{labels, v})
		}
	}
	return page
}

// labelsEnd returns the index of the brace that closes the labels at the start of text; -1 if there is none. It skips
// braces in quoted values.
func labelsEnd(text string) int {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == '}' && !quoted:
			return i
		}
	}
	return -1
}

// matches reports whether labels, as written, have the wanted values.
func matches(labels string, want map[string]string) bool {
	found := 0
	for labels != "" {
		name, rest, ok := strings.Cut(labels, "=")
		rest = strings.TrimLeft(rest, " ")
		if !ok || rest == "" || rest[0] != '"' {
			break
		}
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			break
		}
		value, err := strconv.Unquote(quoted)
		if err != nil {
			break
		}
		if w, ok := want[strings.Trim(name, " ,")]; ok && w == value {
			found++
		}
		labels = rest[len(quoted):]
	}
	return found == len(want)
}

// parseJSON parses a JSON object: its numbers and booleans, by their paths with dots.
func parseJSON(text []byte) (metricsPage, error) {
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("no JSON object with figures: %w", err)
	}
	page := make(metricsPage)
	flatten("", doc, page)
	return page, nil
}

func flatten(path string, doc map[string]any, into metricsPage) {
	for name, v := range doc {
		switch v := v.(type) {
		case float64:
			into[path+name] = append(into[path+name], series{value: v})
		case bool:
			n := 0.0
			if v {
				n = 1
			}
			into[path+name] = append(into[path+name], series{value: n})
		case map[string]any:
			flatten(path+name+".", v, into)
		}
	}
}

func asURLError(err error, into **url.Error) bool { return errors.As(err, into) }
