package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MaxBytes bounds the size of a document that is read. A run of a week with a thousand kinds of failure is under 10 MB.
const MaxBytes = 64 << 20

// Document is a saved document of either kind.
type Document struct {
	Run    *Report   // nil if it is a Search
	Search *Capacity // nil if it is a Run
}

// ErrPage says that a file is a page, such as one that was made of a report.
var ErrPage = errors.New("not a report but a page")

// ReadDocument reads a saved document, whichever it is. The error says what is wrong with a damaged one, and is
// [ErrPage] if it is a page.
func ReadDocument(r io.Reader) (Document, error) {
	data, err := readAll(r)
	if err != nil {
		return Document{}, err
	}
	if isPage(data) {
		return Document{}, ErrPage
	}
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err == nil && head.Schema == CapacitySchema {
		search, err := readCapacity(data)
		if err != nil {
			return Document{}, err
		}
		return Document{Search: search}, nil
	}
	rep, err := readReport(data)
	if err != nil {
		return Document{}, err
	}
	return Document{Run: &rep}, nil
}

// isPage reports whether data is HTML, by its beginning.
func isPage(data []byte) bool {
	head := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\ufeff")), " \t\r\n")
	for _, begins := range []string{"<!doctype html", "<html"} {
		if len(head) >= len(begins) && bytes.EqualFold(head[:len(begins)], []byte(begins)) {
			return true
		}
	}
	return false
}

func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("not a report: larger than %d MiB", MaxBytes>>20)
	}
	return data, nil
}

// readCapacity reads a search for a capacity.
func readCapacity(data []byte) (*Capacity, error) {
	var rep Capacity
	if err := json.Unmarshal(data, &rep); err != nil {
		return nil, fmt.Errorf("damaged report: %w", locate(data, err))
	}
	if err := rep.check(); err != nil {
		return nil, fmt.Errorf("damaged report: %w", err)
	}
	rep.Objectives, rep.Steps = orEmpty(rep.Objectives), orEmpty(rep.Steps)
	for i := range rep.Objectives {
		o := &rep.Objectives[i]
		o.Unit = cmp.Or(o.Unit, UnitOf(o.Name)) // of a report of an older version
	}
	return &rep, nil
}

// check returns an error if figures of a search contradict each other.
func (c *Capacity) check() error {
	for i, s := range c.Steps {
		switch {
		case !(s.RatePerS > 0):
			return fmt.Errorf("steps: %d: a rate of %g calls/s", i, s.RatePerS)
		case s.Attempted > maxCount || s.Accepted > s.Attempted:
			return fmt.Errorf("steps: %d: %d accepted of %d attempted", i, s.Accepted, s.Attempted)
		case s.DurationS < 0 || s.AcceptedPerS < 0:
			return fmt.Errorf("steps: %d: a negative time or rate", i)
		}
	}
	if r := c.Result; r.CapacityPerS != nil && *r.CapacityPerS < 0 {
		return errors.New("result: a negative capacity")
	}
	return nil
}
