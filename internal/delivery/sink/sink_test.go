package sink

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/deliverytest"
	"rdiostress/internal/rdio"
)

func listenSink(t testing.TB, key string, received func(delivery.Row, time.Time)) *Sink {
	t.Helper()
	s, err := Listen(t.Context(), "127.0.0.1:0", Options{Key: key, Received: received})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// The request that a real rdio-scanner 7 forwards is taken, byte for byte.
func TestSinkTakesTheCapturedRequest(t *testing.T) {
	request, err := os.ReadFile("../../../testdata/captures/rdio-scanner-downstream-call.http")
	if err != nil {
		t.Fatal(err)
	}
	rows := make(chan delivery.Row, 1)
	s := listenSink(t, "downstream-key", func(r delivery.Row, _ time.Time) { rows <- r })
	conn, err := net.Dial("tcp", s.Address().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 200 || string(body) != "Call imported successfully.\n" {
		t.Errorf("answered %s %q", resp.Status, body)
	}
	_, audio, _ := bytes.Cut(request, []byte("Content-Type: application/octet-stream\r\n\r\n"))
	audio, _, _ = bytes.Cut(audio, []byte("\r\n--1548108d4f8d"))
	want := delivery.Row{
		Name: "run-7f3a-000042.mp3", System: 11, Talkgroup: 1001, Time: time.UnixMilli(1795472517000).UTC(), Size: 4450,
		Sum: sha256.Sum256(audio), HasSum: true,
	}
	if diff := cmp.Diff(want, <-rows, cmpopts.IgnoreUnexported(delivery.Row{})); diff != "" {
		t.Errorf("the row differs (-want +got):\n%s", diff)
	}
}

// forward posts a call as rdio-scanner's downstream does.
func forward(url, key string, c deliverytest.Kept) (int, string, error) {
	var body bytes.Buffer
	mw := multipart.NewWriter(&body)
	part, _ := mw.CreateFormFile("audio", c.Name)
	part.Write(c.Audio)
	for name, value := range map[string]string{
		"key": key, "audioFilename": c.Name, "dateTime": c.Call.Time.Format(time.RFC3339),
		"system":    strconv.FormatInt(c.Call.System, 10),
		"talkgroup": strconv.FormatInt(c.Call.Talkgroup, 10), "timestamp": strconv.FormatInt(c.Call.Time.UnixMilli(),
			10),
	} {
		mw.WriteField(name, value)
	}
	mw.Close()
	resp, err := http.Post(url+"/api/call-upload", mw.FormDataContentType(), &body)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

func TestSinkRefuses(t *testing.T) {
	s := listenSink(t, "right", nil)
	url := "http://" + s.Address().String()
	call := deliverytest.Kept{
		Name:  "a.mp3",
		Call:  rdio.Call{System: 1, Talkgroup: 1, Time: time.Now()},
		Audio: make([]byte, 100),
	}
	if status, text, err := forward(url, "wrong", call); status != 401 || err != nil ||
		!strings.Contains(text, "Invalid API key") {
		t.Errorf("a wrong key: %d %q, %v", status, text, err)
	}
	call.Audio = nil
	if status, text, err := forward(url, "right", call); status != 417 || err != nil ||
		!strings.Contains(text, "Incomplete call data: no audio") {
		t.Errorf("no audio: %d %q, %v", status, text, err)
	}
	for _, req := range []struct {
		method, kind string
		want         int
	}{{"GET", "", 405}, {"POST", "text/plain", 400}, {"POST", "multipart/form-data; boundary=x", 417}} {
		r, _ := http.NewRequest(req.method, url, strings.NewReader("--x\r\nno end"))
		r.Header.Set("Content-Type", req.kind)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != req.want {
			t.Errorf("%s %q: %s, want %d", req.method, req.kind, resp.Status, req.want)
		}
	}
}

// Where nothing at all is forwarded, nothing says that the server forwards to the sink: no call is missing by that.
func TestNothingForwarded(t *testing.T) {
	sink := listenSink(t, "", nil)
	s := deliverytest.NewStation(t, deliverytest.Well)
	open := func(context.Context, *delivery.Ledger) (delivery.Place, error) { return sink, nil }
	_, d := deliverytest.Rig{Run: "abcdefgh", Total: 20, Open: open, Options: deliverytest.Soon()}.Make(t, s.URL)
	want := "failed: nothing at all was forwarded to " + sink.Address().String() +
		": check whether the server has it as a downstream, with all systems"
	if got := deliverytest.InShort(d); got != want || d.Missing != nil {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Where only others' calls are forwarded, those of the run are missing.
func TestOthersForwarded(t *testing.T) {
	sink := listenSink(t, "", nil)
	s := deliverytest.NewStation(t, func(s *deliverytest.Station, n uint64, c deliverytest.Kept) (int, string) {
		if n == 0 {
			c.Name = "20261124_101500.mp3"
			if status, text, err := forward("http://"+sink.Address().String(), "any", c); status != 200 || err != nil {
				t.Errorf("the sink answered %d %q, %v", status, text, err)
			}
		}
		return 200, deliverytest.Imported
	})
	open := func(context.Context, *delivery.Ledger) (delivery.Place, error) { return sink, nil }
	_, d := deliverytest.Rig{Run: "abcdefgh", Total: 20, Open: open, Options: deliverytest.Soon()}.Make(t, s.URL)
	if d.Failed || *d.Missing < 19 {
		t.Errorf("got %s", deliverytest.InShort(d))
	}
}

// A server that acknowledges, then forwards from a goroutine for each call, loses every 100th on the way. It is seen
// end to end, with how long each call took.
func TestSinkEndToEnd(t *testing.T) {
	var forwarding sync.WaitGroup
	sink := listenSink(t, "", nil)
	s := deliverytest.NewStation(t, func(_ *deliverytest.Station, n uint64, c deliverytest.Kept) (int, string) {
		if n%100 == 0 {
			return 200, deliverytest.Imported
		}
		if n%50 == 7 {
			c.Audio[500] ^= 1
		}
		deliver := func() {
			if status, text, err := forward("http://"+sink.Address().String(), "any", c); status != 200 || err != nil {
				t.Errorf("the sink answered %d %q, %v", status, text, err)
			}
		}
		if n%2 == 0 {
			deliver() // before the call is acknowledged
		} else {
			forwarding.Go(deliver)
		}
		return 200, deliverytest.Imported
	})
	open := func(context.Context, *delivery.Ledger) (delivery.Place, error) { return sink, nil }
	_, d := deliverytest.Rig{Run: "abcdefgh", Total: 500, Open: open, Options: deliverytest.Soon()}.Make(t, s.URL)
	forwarding.Wait()
	want := "500: stored 485, altered 10, dropped 0, missing 5, pending 0; twice 0; refused 0, unanswered 0; " +
		"{System:0 Talkgroup:0 Time:0 Audio:10}"
	if got := deliverytest.InShort(d); got != want || d.Method != "sink" {
		t.Errorf("by %s\ngot  %s\nwant %s", d.Method, got, want)
	}
	if d.AckToStored == nil || d.AckToStored.Count != 495 || d.DueToStored.Count != 495 || *d.ResolutionS != 0 {
		t.Fatalf("latencies of %+v", d.AckToStored)
	}
	if d.DueToStored.P50S <= d.AckToStored.P50S || d.DueToStored.MaxS > 60 {
		t.Errorf("due to delivered %+v, acknowledged to delivered %+v", d.DueToStored.Figures, d.AckToStored.Figures)
	}
}
