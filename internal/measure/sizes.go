package measure

import (
	"math/bits"
	"net/http"
)

// UploadSizes says how uploads of each size ended, in the scored phases. The size is that of the request's body, even
// if only a part was sent. Uploads without a connection do not count.
type UploadSizes struct {
	LargestAccepted  int64     `json:"largest_accepted_bytes,omitempty"`   // absent if none was accepted
	SmallestTooLarge int64     `json:"smallest_too_large_bytes,omitempty"` // the smallest that was answered with 413
	Bins             []SizeBin `json:"bins"`                               // bins with uploads, the smallest first
}

// SizeBin counts the uploads with sizes from one value to below another.
type SizeBin struct {
	FromBytes int64  `json:"from_bytes"`
	ToBytes   int64  `json:"to_bytes"`
	Accepted  uint64 `json:"accepted,omitempty"`
	TooLarge  uint64 `json:"too_large,omitempty"` // answered with 413
	// answered with 401, 403 or 429, which a server sends before it has read the call
	Refused uint64 `json:"refused,omitempty"`
	Lost    uint64 `json:"lost,omitempty"`   // closed before an answer, or a proxy answered with 502
	Failed  uint64 `json:"failed,omitempty"` // in another way
}

// sizeEnd is how an upload ended, if its size may be the reason.
type sizeEnd uint8

const (
	sizeAccepted sizeEnd = iota
	sizeTooLarge
	sizeRefused
	sizeLost
	sizeFailed
	numSizeEnds
)

// sizeBins is the number of bins: four for each power of two, up to one terabyte.
const sizeBins = 4 * 40

// sizeTally counts uploads by size and end.
type sizeTally struct {
	counts                            [numSizeEnds][sizeBins]uint32
	largestAccepted, smallestTooLarge int64 // 0 without any
	any                               bool
}

// binOf returns the bin of a size.
func binOf(size int64) int {
	if size < 4 {
		return smallestBin
	}
	power := bits.Len64(uint64(size)) - 1
	return min(4*power+int(size>>(power-2)&3), sizeBins-1)
}

// smallestBin is the bin of fewer than four bytes; the bins before it are empty.
const smallestBin = 7

// binStart returns the smallest size in a bin.
func binStart(bin int) int64 {
	if bin <= smallestBin {
		return 0
	}
	return int64(4+bin%4) << (bin/4 - 2)
}

// endOf returns how an upload ended.
func endOf(o *Outcome) sizeEnd {
	switch o.Class {
	case Accepted:
		return sizeAccepted
	case Reset, Write:
		return sizeLost
	case Unauthorised:
		return sizeRefused
	}
	switch o.Status {
	case http.StatusRequestEntityTooLarge:
		return sizeTooLarge
	case http.StatusTooManyRequests:
		return sizeRefused
	case http.StatusBadGateway:
		return sizeLost
	default:
		return sizeFailed
	}
}

func (t *sizeTally) add(o *Outcome) {
	if o.Size <= 0 {
		return
	}
	end := endOf(o)
	t.any = true
	t.counts[end][binOf(o.Size)]++
	switch end {
	case sizeAccepted:
		t.largestAccepted = max(t.largestAccepted, o.Size)
	case sizeTooLarge:
		t.smallestTooLarge = lesser(t.smallestTooLarge, o.Size)
	}
}

// lesser returns the lesser of two sizes; 0 means none.
func lesser(a, b int64) int64 {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

func (t *sizeTally) merge(o *sizeTally) {
	if !o.any {
		return
	}
	t.any = true
	for end := range t.counts {
		for bin, n := range o.counts[end] {
			t.counts[end][bin] += n
		}
	}
	t.largestAccepted = max(t.largestAccepted, o.largestAccepted)
	t.smallestTooLarge = lesser(t.smallestTooLarge, o.smallestTooLarge)
}

func (t *sizeTally) reset() {
	if t.any {
		*t = sizeTally{}
	}
}

// report returns nil if no upload has a size.
func (t *sizeTally) report() *UploadSizes {
	if !t.any {
		return nil
	}
	out := &UploadSizes{
		LargestAccepted: t.largestAccepted, SmallestTooLarge: t.smallestTooLarge, Bins: []SizeBin{},
	}
	for bin := range sizeBins {
		one := SizeBin{
			FromBytes: binStart(bin), ToBytes: binStart(bin + 1),
			Accepted: uint64(t.counts[sizeAccepted][bin]), TooLarge: uint64(t.counts[sizeTooLarge][bin]),
			Refused: uint64(t.counts[sizeRefused][bin]), Lost: uint64(t.counts[sizeLost][bin]),
			Failed: uint64(t.counts[sizeFailed][bin]),
		}
		if one.Uploads() > 0 {
			out.Bins = append(out.Bins, one)
		}
	}
	return out
}

// Uploads returns the number of uploads in the bin.
func (b *SizeBin) Uploads() uint64 { return b.Accepted + b.TooLarge + b.Refused + b.Lost + b.Failed }
