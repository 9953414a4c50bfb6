package report

import (
	"testing"

	"rdiostress/internal/measure"
	"rdiostress/internal/testenv/results"
)

func TestDeliveryAddsUp(t *testing.T) {
	for name, spoil := range map[string]func(d *measure.Delivery){
		"a call in no place":   func(d *measure.Delivery) { *d.Acknowledged++ },
		"a call in two places": func(d *measure.Delivery) { *d.Pending++ },
		"lost is something":    func(d *measure.Delivery) { *d.Lost = 7 },
		"more twice than once": func(d *measure.Delivery) { *d.Duplicated = 1 << 40 },
		"an impossible number": func(d *measure.Delivery) { *d.Stored = 1 << 60 },
		"a duplicate in no place": func(d *measure.Delivery) {
			d.Duplicates = &measure.DuplicatesKept{Acknowledged: 3, Stored: 1, NotStored: 1}
		},
		"duplicates that overflow": func(d *measure.Delivery) {
			d.Duplicates = &measure.DuplicatesKept{
				Stored:    1,
				NotStored: 1<<64 - 1,
			}
		},
		"more checked than converted": func(d *measure.Delivery) { n := uint64(1); d.AudioConvertedChecked = &n },
		"more converted than stored":  func(d *measure.Delivery) { n := uint64(1 << 40); d.AudioConverted = &n },
		"one that overflows it":       func(d *measure.Delivery) { *d.Acknowledged = 1<<64 - 1 },
	} {
		t.Run(name, func(t *testing.T) {
			d := results.Lossy().Delivery
			if err := checkDelivery(d); err != nil {
				t.Fatal(err)
			}
			spoil(&d)
			if checkDelivery(d) == nil {
				t.Error("taken")
			}
		})
	}
}
