// Package random draws numbers by number: what draw n of a seed is does not depend on the draws before it, so that any
// goroutine can make call n of a run and always makes the same.
package random

import "math"

// Hash mixes a seed and a number into one that looks random (SplitMix64).
func Hash(seed, n uint64) uint64 {
	x := seed + (n+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Uniform makes a number in (0, 1] of a random one.
func Uniform(h uint64) float64 { return float64(h>>11+1) / (1 << 53) }

// Below makes a number from 0 to n-1 of a random one, by its upper half (Lemire, 2016). It needs n > 0.
func Below(h uint64, n uint32) uint32 { return uint32((h >> 32) * uint64(n) >> 32) }

// Exponential draws from the exponential distribution of mean one.
func Exponential(h uint64) float64 { return -math.Log(Uniform(h)) }

// Normal draws from the standard normal distribution (Box and Muller, 1958).
func Normal(h uint64) float64 {
	return math.Sqrt(-2*math.Log(Uniform(Hash(h, 1)))) * math.Cos(2*math.Pi*Uniform(Hash(h, 2)))
}

// Gamma draws the sum of k exponentials (Marsaglia and Tsang, ACM TOMS 26(3), 2000). It needs k ≥ 1.
func Gamma(h uint64, k float64) float64 {
	d := k - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for try := uint64(0); ; try++ {
		x := Normal(Hash(h, 2*try))
		v := math.Pow(1+c*x, 3)
		if v > 0 && math.Log(Uniform(Hash(h, 2*try+1))) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}
