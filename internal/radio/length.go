package radio

import (
	"math"
	"time"

	"rdiostress/internal/random"
)

const (
	// MeanLength is the mean of 809,042 transmissions on the Butler County, Ohio network in August 2010: 1,193:59:31 of
	// airtime.
	MeanLength = 5310 * time.Millisecond
	// lengthSigma is the spread of the lognormal that holding times follow (Sharp et al., IEEE JSAC 22(7), 2004); its
	// value is an estimate, as are the bounds.
	lengthSigma = 0.8
	minLength   = 500 * time.Millisecond
	maxLength   = 60 * time.Second
)

// lengths is the distribution of the lengths of transmissions, as evenly spaced quantiles: a draw is a table lookup.
type lengths [1<<lengthBits + 1]time.Duration

const lengthBits = 12

func newLengths() *lengths {
	var l lengths
	mu := math.Log(MeanLength.Seconds()) - lengthSigma*lengthSigma/2
	for i := range l {
		normal := math.Sqrt2 * math.Erfinv(2*float64(i)/(1<<lengthBits)-1)
		length := math.Exp(mu+lengthSigma*normal) * float64(time.Second) // 0 and infinite at the ends
		l[i] = time.Duration(min(max(length, float64(minLength)), float64(maxLength)))
	}
	return &l
}

// draw returns the length of a transmission for a random number.
func (l *lengths) draw(h uint64) time.Duration {
	i := h >> (64 - lengthBits)
	const fraction = 1 << 20
	between := time.Duration(h >> (44 - lengthBits) & (fraction - 1))
	return l[i] + (l[i+1]-l[i])*between/fraction
}

// MaxTransmissions is the maximum number of transmissions in a merged call.
const MaxTransmissions = 4

// transmissions is how many of a hundred merged calls have at most that many transmissions: an estimate, with a mean of
// 2.05.
var transmissions = [MaxTransmissions]uint32{35, 70, 90, 100}

// maxPause is the longest silence within a merged call: trunk-recorder ends one after 3 s (callTimeout).
const maxPause = 3 * time.Second

// Merged draws a call as trunk-recorder records it: transmissions within three seconds of each other become one call.
// It returns the length of the call, 12 s on average, its number of transmissions and the start of each.
func (n *Network) Merged(h uint64) (length time.Duration, starts [MaxTransmissions]time.Duration, count int) {
	for count = 1; random.Below(h, 100) >= transmissions[count-1]; count++ {
	}
	for i := range count {
		one := random.Hash(h, uint64(i))
		if i > 0 {
			length += time.Duration(random.Uniform(random.Hash(one, 3)) * float64(maxPause))
		}
		if length >= maxLength-minLength {
			return maxLength, starts, i
		}
		starts[i] = length
		length += n.lengths.draw(one)
	}
	return min(length, maxLength), starts, count
}
