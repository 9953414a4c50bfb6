package schedule_test

import (
	"fmt"
	"time"

	"rdiostress/internal/schedule"
)

// A load that rises to 2 calls per second and then stays there.
func Example() {
	shape, _, err := schedule.ParseShape("4s:2/s,2s:2/s")
	if err != nil {
		panic(err)
	}
	calls := schedule.NewConstant(shape)
	for n := range calls.Count(shape.Length()) {
		fmt.Println(n, calls.Due(n).Round(time.Millisecond))
	}
	// Output:
	// 0 0s
	// 1 2s
	// 2 2.828s
	// 3 3.464s
	// 4 4s
	// 5 4.5s
	// 6 5s
	// 7 5.5s
}

// Calls at random times, the same for the same seed.
func ExampleNewPoisson() {
	shape := schedule.Shape{{Length: time.Hour, From: 10, To: 10}}
	calls, again := schedule.NewPoisson(shape, 7), schedule.NewPoisson(shape, 7)
	fmt.Println(calls.Due(1000) == again.Due(1000))
	fmt.Println(calls.Count(time.Hour) > 35_000)
	// Output:
	// true
	// true
}

// Every tenth call repeats the one before it.
func ExampleDuplicates() {
	d := schedule.Duplicates{Ratio: 0.1, Seed: 1}
	for n := range uint64(30) {
		if d.Has(n) {
			fmt.Println(n, d.Delay(n) <= schedule.MaxDuplicateDelay)
		}
	}
	// Output:
	// 9 true
	// 19 true
	// 29 true
}

// The load of a day from 16:00 on, an hour of which takes a minute.
func ExampleDay() {
	day := schedule.Day{On: true, Start: 16 * time.Hour, Scale: 60}
	for _, stage := range day.Shape(100, 3*time.Minute) {
		fmt.Printf("%v: from %.0f to %.0f calls/s\n", stage.Length, stage.From, stage.To)
	}
	// Output:
	// 1m0s: from 82 to 100 calls/s
	// 1m0s: from 100 to 88 calls/s
	// 1m0s: from 88 to 74 calls/s
}
