package random

import "math"

// Choice draws indices by weight in constant time, whatever their number: Walker's alias method as Vose builds it (IEEE
// Transactions on Software Engineering 17(9), 1991). It never changes once made.
type Choice struct {
	slots []slot
}

// slot is kept with probability keep/2³², else its alias is taken.
type slot struct{ keep, alias uint32 }

// NewChoice returns a choice among len(weights) indices. The weights are not negative, and one is more than 0.
func NewChoice(weights []float64) *Choice {
	n := len(weights)
	total := 0.0
	for _, w := range weights {
		total += w
	}
	c := &Choice{slots: make([]slot, n)}
	share := make([]float64, n) // of the average
	var small, large []uint32
	for i, w := range weights {
		share[i] = w / total * float64(n)
		if share[i] < 1 {
			small = append(small, uint32(i))
		} else {
			large = append(large, uint32(i))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		c.slots[s] = slot{uint32(share[s] * (1 << 32)), l}
		if share[l] -= 1 - share[s]; share[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, i := range append(small, large...) { // what rounding has left
		c.slots[i] = slot{math.MaxUint32, i}
	}
	return c
}

// Draw returns the index that a random number stands for.
func (c *Choice) Draw(h uint64) int {
	i := Below(h, uint32(len(c.slots)))
	// Below has used the upper bits; the lower ones say which of the two it is.
	if s := c.slots[i]; uint32(h) >= s.keep {
		return int(s.alias)
	}
	return int(i)
}

// Zipf returns the weights of n ranks by Zipf's law: rank r has 1/r^exponent. Exponent 0 makes them even.
func Zipf(n int, exponent float64) []float64 {
	weights := make([]float64, n)
	for i := range weights {
		weights[i] = math.Pow(float64(i+1), -exponent)
	}
	return weights
}
