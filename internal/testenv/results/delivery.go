package results

import (
	"time"

	"rdiostress/internal/measure"
)

// Lossy is a run whose server lost acknowledged calls, and altered some.
func Lossy() measure.Result {
	res := Passing()
	res.Delivery = DeliveryOf(4_093, 12, 3, 8_237, 0)
	res.Delivery.Altered = &measure.Altered{Audio: 11, Time: 1}
	res.Delivery.Examples = []string{"rs-7f3a9c21-0000017: missing", "rs-7f3a9c21-0000018: stored with other audio"}
	res.Delivery.DrainS = nil
	return res
}

// DeliveryOf is what became of calls whose server stores 185 a second.
func DeliveryOf(stored, altered, dropped, missing, pending uint64) measure.Delivery {
	acknowledged, lost := stored+altered+dropped+missing+pending, dropped+missing
	n := []uint64{4, 0, 8_240, 1, 2}
	figures := []float64{185.2, 44.6, 1}
	ack, due := SpreadOut(stored+altered, time.Second, 44*time.Second), SpreadOut(stored+altered, time.Second,
		45*time.Second)
	return measure.Delivery{
		Method: "sqlite", Source: "rdio-scanner 7 on SQLite", Acknowledged: &acknowledged, Stored: &stored, Lost: &lost,
		Duplicated: &n[0], Corrupted: &altered, Dropped: &dropped, Missing: &missing, Pending: &pending,
		BacklogMax: &n[2],
		BacklogEnd: &n[2], StoredPerS: &figures[0], DrainS: &figures[1], AudioCompared: &stored, AudioReencoded: &n[1],
		RejectedStored: &n[3], UnansweredStored: &n[4], AckToStored: &ack, DueToStored: &due, ResolutionS: &figures[2],
	}
}

// Behind is a run whose server stored all that it acknowledged, long after.
func Behind() measure.Result {
	res := Passing()
	res.Delivery = DeliveryOf(12_345, 0, 0, 0, 0)
	return res
}

// Pending is a run whose server had not stored all when the wait ended.
func Pending() measure.Result {
	res := Passing()
	res.Delivery = DeliveryOf(4_105, 0, 0, 0, 8_240)
	needs := 44.5
	res.Delivery.DrainS, res.Delivery.PendingS = nil, &needs
	return res
}

// Crashed is a run whose server was killed and lost calls.
func Crashed() measure.Result {
	res := Passing()
	res.Delivery = DeliveryOf(12_000, 0, 0, 345, 0)
	killed, lost := 62.4, uint64(345)
	res.Delivery.Crash = &measure.Crash{KilledS: 60.1, AnsweredS: &killed, Acknowledged: 6_100, Lost: &lost}
	return res
}

// Unforwarded is a run whose server forwards nothing.
func Unforwarded() measure.Result {
	res := Passing()
	res.Delivery = measure.Delivery{
		Method: "sink", Failed: true,
		Absent: "nothing at all was forwarded to 127.0.0.1:9000: check whether the server has it as a downstream, " +
			"with all systems",
	}
	return res
}

// Explained is a run whose server said of some calls why it did not store them.
func Explained() measure.Result {
	res := Passing()
	res.Delivery = DeliveryOf(12_335, 0, 3, 7, 0)
	res.Delivery.DrainS, res.Delivery.WaitEnd = nil, measure.WaitIdle
	waited := 63.2
	res.Delivery.WaitedS = &waited
	res.Delivery.Reasons = []measure.Reason{
		{Reason: "no matching system/talkgroup", Fate: measure.FateMissing, Count: 7, Example: "rs-7f3a9c21-0000017"},
		{Reason: "duplicate call rejected", Fate: measure.FateDropped, Count: 3, Example: "rs-7f3a9c21-0000022"},
	}
	*res.Delivery.BacklogEnd, *res.Delivery.BacklogMax = 0, 12
	res.Delivery.Examples = []string{"rs-7f3a9c21-0000017: missing; the server's log says: no matching " +
		"system/talkgroup"}
	return res
}

// Stale is a run whose server's database was locked in the end.
func Stale() measure.Result {
	res := Pending()
	figures := []float64{118, 125}
	res.Delivery.AsOfS, res.Delivery.AgeS, res.Delivery.Unread = &figures[0], &figures[1], "database is locked (5) "+
		"(SQLITE_BUSY)"
	res.Delivery.WaitEnd = measure.WaitUnread
	return res
}

// Unlooked is a run at a server that queues, of which nobody looked what it stores.
func Unlooked() measure.Result {
	res := Passing()
	res.Target.Server, res.Target.AcknowledgesFirst = "rdio-scanner 7", true
	res.Delivery = measure.Delivery{Method: measure.MethodNone, Absent: "the server does not list its calls"}
	return res
}

// Unreadable is a run whose server's database could not be read in the end.
func Unreadable() measure.Result {
	res := Passing()
	res.Delivery = measure.Delivery{
		Method: "sqlite", Failed: true,
		Absent: "looking at rdio-scanner 7 on SQLite failed: database is locked",
	}
	return res
}
