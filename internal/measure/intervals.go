package measure

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// maxIntervals limits the intervals whose histograms a report keeps. The two histograms of 500 uploads take about 1 kB
// as text.
const maxIntervals = 300

// Histograms are the times of the accepted uploads that ended in an interval of the run. They cover the same uploads as
// the series, in at most 300 intervals of about equal width, for heat maps, for merging the times of any part of the
// run, and for logs.
type Histograms struct {
	TS     float64 `json:"t_s"` // start of the interval, since the start of the run
	WidthS float64 `json:"width_s"`
	Count  uint64  `json:"count"` // samples of each histogram; without those that are left out of all times
	// Base64 of the HdrHistogram V2 compressed encoding, in nanoseconds, of two significant digits; absent without a
	// sample.
	Latency     string `json:"latency,omitempty"`
	ServiceTime string `json:"service_time,omitempty"`
}

// Decode returns both histograms. All values, also their means and maxima, have two significant digits. It returns an
// error if a histogram is damaged.
func (h *Histograms) Decode() (response, service *Histogram, err error) {
	if response, err = decodeInterval(h.Latency, h.Count); err != nil {
		return nil, nil, fmt.Errorf("latency: %w", err)
	}
	if service, err = decodeInterval(h.ServiceTime, h.Count); err != nil {
		return nil, nil, fmt.Errorf("service_time: %w", err)
	}
	return response, service, nil
}

func decodeInterval(encoded string, count uint64) (*Histogram, error) {
	h := newHistogram(coarseDigits)
	if encoded != "" {
		if err := h.decode(encoded); err != nil {
			return nil, err
		}
	}
	if h.Count() != count {
		return nil, fmt.Errorf("histogram: holds %d samples, the count says %d", h.Count(), count)
	}
	return h, nil
}

// intervals collects the histograms of a run in at most maxIntervals intervals. When these are full, pairs are merged,
// so that memory does not grow with the run.
type intervals struct {
	closed            []interval
	width             time.Duration // of an interval
	start, end        time.Duration // of the pending interval
	response, service *Histogram    // of the pending interval
}

// interval is a span with its histograms.
type interval struct {
	start, end        time.Duration
	count             uint64
	response, service packedCounts
}

func newIntervals() intervals {
	return intervals{
		width: time.Second, response: newHistogram(coarseDigits), service: newHistogram(coarseDigits),
	}
}

// add adds what was recorded until elapsed, and closes the pending interval when it is wide enough.
func (v *intervals) add(response, service *Histogram, elapsed time.Duration) {
	v.response.Merge(response)
	v.service.Merge(service)
	v.end = elapsed
	if len(v.closed) == maxIntervals { // there is no room for one more
		v.widen()
	}
	if v.end-v.start+rollSlack >= v.width {
		v.closed = append(v.closed, v.takePending())
	}
}

// takePending returns the pending interval, and starts the next one.
func (v *intervals) takePending() interval {
	taken := interval{
		start: v.start, end: v.end, count: v.response.Count(),
		response: packCounts(v.response.hdr.Export().Counts), service: packCounts(v.service.hdr.Export().Counts),
	}
	v.response.Reset()
	v.service.Reset()
	v.start = v.end
	return taken
}

// widen merges pairs of intervals, so that half as many are left.
func (v *intervals) widen() {
	half := len(v.closed) / 2
	for i := range half {
		a, b := v.closed[2*i], v.closed[2*i+1]
		v.closed[i] = interval{
			start: a.start, end: b.end, count: a.count + b.count,
			response: a.response.merge(b.response), service: a.service.merge(b.service),
		}
	}
	clear(v.closed[half:])
	v.closed = v.closed[:half]
	v.width *= 2
}

// finish closes the pending interval if it has samples, and returns all intervals.
func (v *intervals) finish() []Histograms {
	if v.response.Count() > 0 { // fewer than maxIntervals are closed: see add
		v.closed = append(v.closed, v.takePending())
	}
	list := make([]Histograms, len(v.closed))
	for i, c := range v.closed {
		list[i] = Histograms{
			TS: inSeries(c.start), WidthS: inSeries(c.end.Round(time.Millisecond) - c.start.Round(time.Millisecond)),
			Count:   c.count,
			Latency: c.response.encode(), ServiceTime: c.service.encode(),
		}
	}
	return list
}

// packedCounts are a histogram's counts in little memory: for each count that is not 0, the number of zeros before it
// and the count.
type packedCounts []byte

func packCounts(counts []int64) packedCounts {
	var packed packedCounts
	zeros := uint64(0)
	for _, n := range counts {
		if n == 0 {
			zeros++
			continue
		}
		packed = binary.AppendUvarint(packed, zeros)
		packed = binary.AppendUvarint(packed, uint64(n))
		zeros = 0
	}
	return packed
}

// addTo adds the counts to a histogram of the same configuration.
func (p packedCounts) addTo(counts []int64) {
	at := 0
	for len(p) > 0 {
		zeros, n := binary.Uvarint(p)
		count, m := binary.Uvarint(p[n:])
		at += int(zeros)
		counts[at] += int64(count)
		at++
		p = p[n+m:]
	}
}

// merge returns the sum of both.
func (p packedCounts) merge(o packedCounts) packedCounts {
	sum := newHistogram(coarseDigits).hdr.Export().Counts
	p.addTo(sum)
	o.addTo(sum)
	return packCounts(sum)
}

// encode returns the histogram in the report's format; empty without samples.
func (p packedCounts) encode() string {
	if len(p) == 0 {
		return ""
	}
	snapshot := newHistogram(coarseDigits).hdr.Export()
	p.addTo(snapshot.Counts)
	return encode(hdr.Import(snapshot))
}

// encode returns a histogram in the V2 compressed encoding, as base64.
func encode(h *hdr.Histogram) string {
	encoded, err := h.Encode(hdr.V2CompressedEncodingCookieBase)
	if err != nil {
		// The encoder writes to memory and knows this version: it cannot fail.
		panic(fmt.Sprintf("measure: encoding a histogram: %v", err))
	}
	return string(encoded)
}

// decode fills an empty histogram with the samples of an encoded one. Their mean and maximum are as exact as the
// encoding. A sample out of the range is an error.
func (h *Histogram) decode(encoded string) error {
	if _, err := base64.StdEncoding.DecodeString(encoded); err != nil {
		return fmt.Errorf("histogram: %w", err)
	}
	decoded, err := hdr.Decode([]byte(encoded))
	if err != nil {
		return fmt.Errorf("histogram: %w", err)
	}
	if dropped := h.hdr.Merge(decoded); dropped > 0 {
		return fmt.Errorf("histogram: %d samples lie outside %v to %v", dropped, histLowest, histHighest)
	}
	h.sum, h.max = time.Duration(h.hdr.Mean()*float64(h.Count())), time.Duration(h.hdr.Max())
	return nil
}
