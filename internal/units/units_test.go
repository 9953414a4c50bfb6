package units

import (
	"math"
	"testing"
	"time"
)

func TestCallRate(t *testing.T) {
	for perS, want := range map[float64]string{
		50: "50 calls/s", 1: "1 calls/s", 7.0 / 60: "7 calls/min", 10.0 / 3600: "10 calls/h", 0: "0 calls/s",
		1500: "1,500 calls/s",
	} {
		if got := CallRate(perS); got != want {
			t.Errorf("%v/s is %q, want %q", perS, got, want)
		}
	}
}

func TestFormats(t *testing.T) {
	for _, tc := range []struct{ got, want string }{
		{Number(0), "0.00"},
		{Number(0.0049), "0.0049"},
		{Number(0.0000123), "0.000012"},
		{Number(0.05), "0.05"},
		{Number(-1500), "-1,500"},
		{Number(99.96), "100"},

		{Trim("5.00 s"), "5 s"},
		{Trim("10.50 %"), "10.5 %"},
		{Trim("1,200"), "1,200"},
		{Trim("0.00"), "0"},

		{SignedBytes(-2e6), "-2.00 MB"},
		{SignedBytes(2e6), "2.00 MB"},

		{Were(1) + " " + Its(1), "was its"},
		{Were(2) + " " + Its(2), "were their"},
		{Are(1), "is"},
		{Are(0) + " " + Are(2), "are are"},

		{Count(0), "0"},
		{Count(999), "999"},
		{Count(1_000), "1,000"},
		{Count(1_234_567), "1,234,567"},
		{Plural(1, "call"), "1 call"},
		{Plural(2_000, "call"), "2,000 calls"},

		{Seconds(0), "0.00 µs"},
		{Seconds(0.0000654), "65.4 µs"},
		{Seconds(0.00099949), "999 µs"},
		{Seconds(0.0009996), "1.00 ms"},
		{Seconds(0.02713), "27.1 ms"},
		{Seconds(0.99949), "999 ms"},
		{Seconds(0.9996), "1.00 s"},
		{Seconds(9.996), "10.0 s"},
		{Seconds(61.24), "61.2 s"},
		{Seconds(600), "600 s"},

		{Duration(0), "0 s"},
		{Duration(0.02), "20 ms"},
		{Duration(0.0004), "400 µs"},
		{Duration(0.5), "500 ms"},
		{Duration(0.9999), "1 s"},
		{Duration(59.97), "1 min"},
		{Duration(2.5), "2.5 s"},
		{Duration(45), "45 s"},
		{Duration(120), "2 min"},
		{Duration(90.2), "1 min 30 s"},
		{Duration(5400), "1 h 30 min"},
		{Duration(28800), "8 h"},

		{Bytes(0), "0 B"},
		{Bytes(999), "999 B"},
		{Bytes(999.9), "1.00 kB"},
		{Bytes(21_137), "21.1 kB"},
		{Bytes(2_160_000), "2.16 MB"},
		{Bytes(999_900_000), "1.00 GB"},
		{Bytes(5.6e12), "5.60 TB"},
		{Bytes(5.6e15), "5,600 TB"},

		{Percent(1), "100.00 %"},
		{Percent(0.999999), "99.99 %"},
		{Percent(0.9421), "94.21 %"},
		{Percent(0.95), "95.00 %"},
		{Percent(0.000001), "< 0.01 %"},
		{Percent(0), "0.00 %"},

		{Rate(0.5), "0.50"},
		{Rate(102.87), "102.9"},
		{Rate(1808.4), "1,808"},
		{PerSecond(50), "50/s"},
		{PerSecond(102.87), "102.9/s"},

		{Significant(12.345, 6), "12.345"},
		{Significant(0.1+0.2, 6), "0.3"},
		{Significant(1_234_567, 3), "1,230,000"},
		{Significant(-1500, 6), "-1,500"},
		{Significant(math.Inf(1), 6), "+Inf"},
		{Given(0.05), "0.05"},
		{Given(1e6), "1,000,000"},
		{Against(3.00004, 3), "3.00004"},
		{Against(3.21678, 3), "3.217"},
		{Against(3, 3), "3"},
		{Whole(-1), "0"},
		{Whole(1234.5), "1,235"},
		{SignedPercent(0.123), "+12 %"},
		{SignedPercent(-15.5), "-1,550 %"},

		{Compact(2 * time.Minute), "2m"},
		{Compact(90 * time.Minute), "1h30m"},
		{Compact(1500 * time.Millisecond), "1.5s"},
		{Elapsed(90*time.Minute + 1400*time.Millisecond), "1h30m1s"},
		{Elapsed(0), "0s"},

		{About(time.Minute), "1 min"},
		{About(30 * time.Second), "30 s"},
		{About(20*time.Minute + 29*time.Second), "20 min"},
		{About(90 * time.Minute), "1 h 30 min"},
		{About(60 * time.Hour), "2.5 days"},
		{About(143 * time.Hour), "6 days"},

		{Interval(7.31, 7.32), "7.3 s"},
		{Interval(1.02, 118.4), "1.0–118 s"},
		{Interval(44, 7_980), "0:00–2:13 h"},
	} {
		if tc.got != tc.want {
			t.Errorf("%q, want %q", tc.got, tc.want)
		}
	}
}
