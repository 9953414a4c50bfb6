package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/load"
)

// durationValue is a flag for a length of time: a bare number is seconds, and 30s, 5m and 1h30m are understood too.
type durationValue time.Duration

func (d *durationValue) Set(s string) error {
	if sec, err := strconv.ParseFloat(s, 64); err == nil {
		if !(math.Abs(sec) <= math.MaxInt64/float64(time.Second)) {
			return fmt.Errorf("%q is too long", s)
		}
		*d = durationValue(sec * float64(time.Second))
		return nil
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("%q is no length of time; write seconds, or 30s, 5m, 1h30m", s)
	}
	*d = durationValue(v)
	return nil
}

func (d *durationValue) String() string {
	v := time.Duration(*d)
	if v%time.Second == 0 {
		return strconv.FormatInt(int64(v/time.Second), 10)
	}
	return v.String()
}

func (d *durationValue) Type() string { return "seconds" }

// rateValue is a flag for calls per second: 50, 50/s, 3000/m or 100000/h.
type rateValue float64

func (r *rateValue) Set(s string) error {
	number, unit, _ := strings.Cut(s, "/")
	per := map[string]float64{"": 1, "s": 1, "m": 60, "h": 3600}[strings.TrimSpace(unit)]
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || per == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("%q is no rate; write 50 (calls per second), 50/s, 3000/m or 100000/h", s)
	}
	if v <= 0 {
		return fmt.Errorf("must be more than 0; leave it out for a closed loop")
	}
	*r = rateValue(v / per)
	return nil
}

func (r *rateValue) String() string {
	if *r == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(*r), 'g', -1, 64)
}

func (r *rateValue) Type() string { return "rate" }

// idsValue is a flag for a set of system or talkgroup numbers.
type idsValue load.IDs

func (v *idsValue) Set(s string) error {
	ids, err := load.ParseIDs(s)
	*v = idsValue(ids)
	return err
}

func (v *idsValue) String() string { return load.IDs(*v).String() }

func (v *idsValue) Type() string { return "numbers" }
