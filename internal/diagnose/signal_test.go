package diagnose

import (
	"math"
	"testing"
)

func TestSignalString(t *testing.T) {
	for _, tt := range []struct {
		signal Signal
		want   string
	}{
		{Signal{Value: 0.5, Unit: Share}, "50 %"},
		{Signal{Value: 0.123, Unit: Share}, "12.3 %"},
		{Signal{Value: 0.000012, Unit: Seconds}, "12 µs"},
		{Signal{Value: 0.0123, Unit: Seconds}, "12.3 ms"},
		{Signal{Value: 1.5, Unit: Seconds}, "1.5 s"},
		{Signal{Value: 300, Unit: Seconds}, "5 min"},
		{Signal{Value: 9000, Unit: Seconds}, "2 h 30 min"},
		{Signal{Value: 0.0002, Unit: Share}, "0.02 %"},
		{Signal{Value: 0.9999, Unit: Share}, "99.99 %"},
		{Signal{Value: 1, Unit: Share}, "100 %"},
		{Signal{Value: 0, Unit: Share}, "0 %"},
		{Signal{Value: 0.97, Unit: Number}, "0.97"},
		{Signal{Value: 82e6, Unit: Bytes}, "82 MB"},
		{Signal{Value: -1, Unit: Bytes}, "0 B"},
		{Signal{Value: 82e6, Unit: BytesPS}, "82 MB/s"},
		{Signal{Value: 1234.5, Unit: PerS}, "1,235/s"},
		{Signal{Value: 2.345, Unit: Times}, "2.35 times"},
		{Signal{Value: 12345, Unit: Count}, "12,345"},
	} {
		if got := tt.signal.String(); got != tt.want {
			t.Errorf("%v %s is written %q, want %q", tt.signal.Value, tt.signal.Unit, got, tt.want)
		}
	}
}

func TestNoNumberIsNoSignal(t *testing.T) {
	s := make(Signals)
	s.set("a", math.NaN(), Count)
	s.set("b", math.Inf(1), Count)
	if len(s) != 0 {
		t.Errorf("signals %v, want none", s)
	}
}
