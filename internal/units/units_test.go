package units

import (
	"testing"
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

		{Interval(7.31, 7.32), "7.3 s"},
		{Interval(1.02, 118.4), "1.0–118 s"},
		{Interval(44, 7_980), "0:00–2:13 h"},
	} {
		if tc.got != tc.want {
			t.Errorf("%q, want %q", tc.got, tc.want)
		}
	}
}
