package traffic

import (
	"testing"
	"time"

	"rdiostress/internal/radio"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// Clients that merge transmissions send longer calls of one to four transmissions. Other clients send one transmission.
func TestCallsAreMergedAsTheirClientsDo(t *testing.T) {
	for i := range rdio.NumClients {
		client := rdio.Client(i)
		t.Run(client.String(), func(t *testing.T) {
			s := uploadtest.Scenario()
			s.Clients, _ = scenario.ParseMix(client.String())
			s.Talkgroups, _ = scenario.ParseIDs("1-2000")
			s.Units = scenario.DefaultUnits
			sources, err := NewSources(s.Clients, 0)
			if err != nil {
				t.Fatal(err)
			}
			traffic := New(s, Options{RunID: "abc", Start: start, Clips: sources})
			least, most := 5*time.Second, 6*time.Second
			if client.Merges() {
				least, most = 11*time.Second, 13*time.Second
			}
			const calls = 4000
			var sum time.Duration
			seen := [radio.MaxTransmissions + 1]int{}
			var c upload.Request
			for n := range uint64(calls) {
				if !traffic.Next(n, 0, &c) {
					t.Fatalf("there is no call %d", n)
				}
				sum += c.Duration
				seen[len(c.Units)]++
				checkConversation(t, &c)
			}
			if mean := sum / calls; mean < least || mean > most {
				t.Errorf("calls last %v in the mean, want %v to %v", mean, least, most)
			}
			for count, n := range seen {
				if want := client.Merges() == (count > 0); want != (n > 0) {
					t.Errorf("%d calls have %d transmissions", n, count)
				}
			}
		})
	}
}

// checkConversation checks that the transmissions of a call fill its audio, one after the other, and that the first
// one's unit is the source.
func checkConversation(t *testing.T, c *upload.Request) {
	t.Helper()
	if len(c.Units) != len(c.Frequencies) || len(c.Units) > 0 && c.Units[0].ID != c.Source {
		t.Fatalf("%+v", c.Call)
	}
	at := 0.0
	for i, f := range c.Frequencies {
		if f.Hz != c.Frequency || f.LengthS < 0 || f.OffsetS != c.Units[i].OffsetS || f.OffsetS-at > 1e-9 ||
			at-f.OffsetS > 1e-9 {
			t.Fatalf("transmission %d of %+v is not where the one before ends, at %v", i, c.Call, at)
		}
		at = f.OffsetS + f.LengthS
	}
	if over := at - c.Duration.Seconds(); len(c.Units) > 0 && (over > 1e-9 || over < -1e-9) {
		t.Fatalf("transmissions end at %v s of %v", at, c.Duration)
	}
}

// Transmissions fit into audio of a given size too.
func TestMergedCallsOfASize(t *testing.T) {
	s := uploadtest.Scenario()
	s.Clients, _ = scenario.ParseMix("trunk-recorder")
	s.AudioSize, s.DuplicateRatio = scenario.SizeRange{Min: 2000, Max: 4000}, 0.5
	s.Talkgroups, _ = scenario.ParseIDs("1-2000")
	sources, err := NewSources(s.Clients, s.AudioSize.Max)
	if err != nil {
		t.Fatal(err)
	}
	traffic := New(s, Options{RunID: "abc", Start: start, Clips: sources})
	var c upload.Request
	for n := range uint64(1000) {
		if !traffic.Next(n, 0, &c) {
			t.Fatalf("there is no call %d", n)
		}
		if checkConversation(t, &c); c.Clip.Size() > 4000 {
			t.Fatalf("%d bytes", c.Clip.Size())
		}
	}
}

func TestMergedCallsAreMadeWithoutAllocation(t *testing.T) {
	s := uploadtest.Scenario()
	s.Clients, _ = scenario.ParseMix("trunk-recorder,rdio-scanner,trunk-recorder-meta")
	s.Talkgroups, _ = scenario.ParseIDs("1001-2000")
	s.Duration = time.Hour
	sources, err := NewSources(s.Clients, 0)
	if err != nil {
		t.Fatal(err)
	}
	makeWithoutAllocation(t, New(s, Options{RunID: "abcdefgh", Start: start, Clips: sources}))
}
