package defect

import (
	"net"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct{ text, want, wantErr string }{
		{"stalls", "stalls=for:1.5s,every:6s", ""},
		{"stalls=for:2s", "stalls=for:2s,every:6s", ""},
		{"stalls=2s", "stalls=for:2s,every:6s", ""},
		{" stalls=every:1m,for:2s", "stalls=for:2s,every:1m0s", ""},
		{"memory-leak=1MB", "memory-leak=bytes:1.0MB", ""},
		{"rate-limit=per-minute:60", "rate-limit=per-minute:60", ""},
		{"buffered-uploads", "buffered-uploads", ""},
		{"nothing", "", `there is no defect "nothing"`},
		{"", "", "there is no defect"},
		{"stalls=x:1s", "", `there is no argument "x"`},
		{"stalls=for:soon", "", "not a duration"},
		{"stalls=for:-1s", "", "not a duration"},
		{"rate-limit=0", "", "not a number from 1"},
		{"memory-leak=2TB", "", "not a size"},
		{"buffered-uploads=1", "", "no argument"},
	} {
		d, err := Parse(tt.text, t.TempDir())
		switch {
		case tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)):
			t.Errorf("%q: error %v, want one with %q", tt.text, err, tt.wantErr)
		case tt.wantErr == "" && err != nil:
			t.Errorf("%q: %v", tt.text, err)
		case d.Name != tt.want:
			t.Errorf("%q is %q, want %q", tt.text, d.Name, tt.want)
		}
	}
}

func TestEveryDefectDoesSomething(t *testing.T) {
	for _, name := range Names() {
		d, err := Parse(name, t.TempDir())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d.store == nil && d.engine == nil && d.handler == nil && d.listener == nil {
			t.Errorf("%s: hooks into nothing", name)
		}
		does, usage := Describe(name)
		if does == "" || strings.HasSuffix(does, ".") || d.Name != usage {
			t.Errorf("%s: described as %q, %q", name, does, usage)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range Names() {
		f.Add(name)
	}
	f.Add("stalls=for:2s,every:6s")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse(text, "")
		if err != nil {
			return
		}
		if again, err := Parse(d.Name, ""); err != nil || again.Name != d.Name {
			t.Errorf("%q is read as %q, and that as %q, %v", text, d.Name, again.Name, err)
		}
	})
}

func TestCheckAddress(t *testing.T) {
	for ip, ok := range map[string]bool{"127.0.0.1": true, "::1": true, "0.0.0.0": false, "192.168.1.2": false} {
		if err := CheckAddress(&net.TCPAddr{IP: net.ParseIP(ip)}); (err == nil) != ok {
			t.Errorf("%s: %v", ip, err)
		}
	}
	if CheckAddress(&net.TCPAddr{}) == nil {
		t.Error("all addresses were allowed")
	}
}

func TestBucket(t *testing.T) {
	b := newBucket(10, 5)
	for i := range 5 {
		if _, ok := b.take(1, 0); !ok {
			t.Fatalf("token %d of 5 was not there", i)
		}
	}
	if after, ok := b.take(1, 0); ok || after <= 0 || after > 100*time.Millisecond {
		t.Errorf("an empty bucket gave a token: %v after %v", ok, after)
	}
	if need, ok := b.take(1, time.Second); !ok || need <= 0 {
		t.Errorf("a token that may be waited for: %v after %v", ok, need)
	}
}
