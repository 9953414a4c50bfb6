package server

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/call"
)

const (
	defaultPerPage = 50
	maxPerPage     = 1000
	maxPage        = 1 << 31 // keeps Skip from overflowing
)

// parseQuery parses the parameters of GET /api/calls. An unknown, repeated or malformed parameter is refused by name:
// if the server ignored a filter, a client would take the list for the filtered one. If cursor is not empty, calls are
// followed from there.
func parseQuery(values url.Values) (q call.Query, cursor string, err error) {
	q = call.Query{SortBy: call.SortTimestamp, Descending: true, Page: 1, PerPage: defaultPerPage}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		switch v := values[name]; {
		case len(v) > 1:
			err = badParameter(name, "is given twice")
		case values.Has("cursor") && slices.Contains(notWithCursor(), name):
			err = badParameter(name, "does not go with cursor, which gives calls in the order in which they were "+
				"stored")
		case name == "cursor" && v[0] == "":
			err = badParameter(name, "is empty")
		case name == "cursor":
			cursor = v[0]
		default:
			err = setParameter(&q, name, v[0])
		}
		if err != nil {
			return call.Query{}, "", err
		}
	}
	return q, cursor, nil
}

// notWithCursor returns the parameters that a cursor replaces.
func notWithCursor() []string { return []string{"after_id", "count", "page", "sort_by", "sort_order"} }

// setParameter parses one parameter into q.
func setParameter(q *call.Query, name, value string) (err error) {
	switch name {
	case "system_id":
		q.System, err = parseNumber(name, value, rdio.MaxID)
	case "talkgroup_id":
		q.Talkgroup, err = parseNumber(name, value, rdio.MaxID)
	case "after_id":
		q.AfterID, err = parseCallID(name, value)
	case "count":
		q.Uncounted = value == "false"
		if !q.Uncounted && value != "true" {
			err = badParameter(name, "is neither true nor false")
		}
	case "page":
		var n int64
		n, err = parseNumber(name, value, maxPage)
		q.Page = int(n)
	case "per_page":
		var n int64
		n, err = parseNumber(name, value, maxPerPage)
		q.PerPage = int(n)
	case "date_from":
		q.From, err = parseTime(name, value)
	case "date_to":
		q.To, err = parseTime(name, value)
	case "sort_by":
		q.SortBy = call.SortKey(value)
		if !slices.Contains([]call.SortKey{call.SortTimestamp, call.SortID, call.SortSystem, call.SortTalkgroup},
			q.SortBy) {
			err = badParameter(name, "is not one of timestamp, id, system_id, talkgroup_id")
		}
	case "sort_order":
		q.Descending = strings.EqualFold(value, "desc")
		if !q.Descending && !strings.EqualFold(value, "asc") {
			err = badParameter(name, "is neither asc nor desc")
		}
	default:
		err = &refusal{status: http.StatusBadRequest, text: fmt.Sprintf("Unknown parameter: %.40q", name)}
	}
	return err
}

// parseNumber parses a number from 1 to limit.
func parseNumber(name, value string, limit int64) (int64, error) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 1 || n > limit {
		return 0, badParameter(name, fmt.Sprintf("is not a number from 1 to %d", limit))
	}
	return n, nil
}

// parseCallID parses the id of a call, or 0.
func parseCallID(name, value string) (int64, error) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 {
		return 0, badParameter(name, "is not a call's id, or 0")
	}
	return n, nil
}

// parseTime parses a time: RFC 3339, or Unix seconds. The zero time would mean that none is given, so it becomes a
// millisecond later; no call is that old.
func parseTime(name, value string) (time.Time, error) {
	if sec, err := strconv.ParseInt(value, 10, 48); err == nil && sec >= 0 {
		return time.Unix(sec, 0).UTC(), nil
	}
	// "+" in a query string is a blank, as in a time zone that was not escaped.
	t, err := time.Parse(time.RFC3339Nano, strings.Replace(value, " ", "+", 1))
	if err != nil {
		return time.Time{}, badParameter(name, "is neither an RFC 3339 time nor Unix seconds")
	}
	if t.IsZero() {
		t = t.Add(time.Millisecond)
	}
	return t.UTC(), nil
}

func badParameter(name, reason string) error {
	return &refusal{status: http.StatusBadRequest, text: fmt.Sprintf("Bad parameter: %s %s", name, reason)}
}
