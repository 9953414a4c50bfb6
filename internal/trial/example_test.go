package trial_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"rdiostress/internal/scenario"
	"rdiostress/internal/trial"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
)

// A plan says what is sent where; an observer receives the events; the result has the figures.
func Example() {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		fmt.Fprintln(w, "Call imported successfully.")
	}))
	defer web.Close()

	plan := trial.Plan{
		Scenario: scenario.Scenario{
			URL: web.URL, Key: "secret", Timeout: 10 * time.Second, Clients: scenario.Mix{},
			MaxConcurrent: 2, Arrival: scenario.Constant, Duration: time.Minute, Total: 20,
			Systems: scenario.IDs{900}, Talkgroups: scenario.IDs{1001, 1002, 1003}, Seed: 1,
		},
		Watch:        trial.WatchPlan{NotWatched: "this is an example"},
		Priming:      trial.PrimingPlan{Mode: trial.PrimeOff},
		Verification: verification.Plan{Place: verification.Place{Kind: verification.None}},
	}
	observer := trial.ObserverFunc(func(e trial.Event) {
		switch e.(type) {
		case event.Started:
			fmt.Println("the run begins")
		case event.Sent:
			fmt.Println("the last reply has come")
		}
	})
	res, err := trial.Run(context.Background(), plan, observer)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d of %d uploads accepted\n", res.Totals.Accepted, res.Totals.Attempted)

	// Output:
	// the run begins
	// the last reply has come
	// 20 of 20 uploads accepted
}
