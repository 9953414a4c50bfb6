package judge

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/measure"
)

// eachSecond returns samples of one second each, with the given uploads and mean response time.
func eachSecond(from int, n int, attempted, accepted uint64, mean float64) (list []Sample) {
	for i := range n {
		list = append(list, Sample{
			EndS: float64(from + i + 1), WidthS: 1, Attempted: attempted, Accepted: accepted,
			ResponseSumS: mean * float64(accepted),
		})
	}
	return list
}

func TestAlerts(t *testing.T) {
	w := NewAlertWatch()
	var told []string
	add := func(list []Sample) {
		for _, m := range list {
			for _, c := range w.Add(m) {
				told = append(told, c.String())
			}
		}
	}
	add(eachSecond(0, 30, 100, 95, 2))   // exactly the limits
	add(eachSecond(30, 10, 100, 90, 2))  // 10 % fail: the window is over 5 % at once
	add(eachSecond(40, 5, 0, 0, 0))      // nothing ends
	add(eachSecond(45, 30, 100, 100, 6)) // no failures, but slow
	add(eachSecond(75, 30, 100, 100, 0.1))
	want := []string{
		"high alert: error rate 5.50 %, over 5 %",
		"high alert: mean response time 2.87 s, over 2 s",
		"critical alert: mean response time 5.27 s, over 5 s",
		"high alert over: error rate, for 17 s, at worst 10.00 %",
		"critical alert over: mean response time, for 28 s, at worst 6.00 s",
		"high alert over: mean response time, for 36 s, at worst 6.00 s",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	alerts := []measure.Alert{
		{Severity: High, KPI: AlertErrorRate, Unit: "ratio", Value: 0.1, Limit: 0.05, FromS: 30, ToS: 47},
		{Severity: High, KPI: AlertResponseTime, Unit: "s", Value: 6, Limit: 2, FromS: 45, ToS: 81},
		{Severity: Critical, KPI: AlertResponseTime, Unit: "s", Value: 6, Limit: 5, FromS: 48, ToS: 76},
	}
	if diff := cmp.Diff(alerts, w.Alerts()); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
}

// TestAlertsOfDisk covers a disk that fills and is freed, and one that is not observed.
func TestAlertsOfDisk(t *testing.T) {
	w := NewAlertWatch()
	opened, closed := 0, 0
	for i := range 60 {
		m := Sample{EndS: float64(i + 1), WidthS: 1}
		if i != 12 { // not observed for a moment
			free := 1e9
			if i >= 10 && i < 30 {
				free -= float64(i) * 1e6
			}
			m.DiskFreeBytes = &free
		}
		for _, c := range w.Add(m) {
			if c.Opened {
				opened++
			} else {
				closed++
			}
		}
	}
	want := []measure.Alert{{
		Severity: Critical, KPI: alertDiskFree, Unit: "bytes", Value: 971e6, Limit: 1e9, FromS: 10,
		ToS: 30,
	}}
	if diff := cmp.Diff(want, w.Alerts()); diff != "" || opened != 1 || closed != 1 {
		t.Errorf("opened %d, closed %d (-want +got):\n%s", opened, closed, diff)
	}
}

// TestAlertsAreBounded checks that an error rate that goes up and down for days does not fill the memory.
func TestAlertsAreBounded(t *testing.T) {
	w := NewAlertWatch()
	for i := range 300 {
		accepted := uint64(100)
		for _, m := range append(eachSecond(i*60, 20, 100, 0, 0), eachSecond(i*60+20, 40, 100, accepted, 0.1)...) {
			w.Add(m)
		}
	}
	list := w.Alerts()
	if len(list) != 2*maxAlerts {
		t.Errorf("%d alerts of two rules", len(list))
	}
	if last := list[len(list)-1]; last.ToS < 299*60 {
		t.Errorf("the last ends at %g s", last.ToS)
	}
}
