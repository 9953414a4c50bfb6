package rdio

import (
	"bytes"
	"io"
	"mime"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// captured returns the Content-Type value's boundary and the body of a captured request.
func captured(t *testing.T, name string) (boundary string, body []byte) {
	t.Helper()
	raw, err := os.ReadFile("../../testdata/captures/" + name)
	if err != nil {
		t.Fatal(err)
	}
	head, body, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !ok {
		t.Fatalf("%s has no end of header", name)
	}
	_, line, _ := bytes.Cut(head, []byte("\r\nContent-Type: "))
	line, _, _ = bytes.Cut(line, []byte("\r\n"))
	_, params, err := mime.ParseMediaType(string(line))
	if err != nil {
		t.Fatal(err)
	}
	return params["boundary"], body
}

// The encoder writes just what SDRTrunk was seen to write for the same call.
func TestEncodeIsSDRTrunkByteForByte(t *testing.T) {
	boundary, want := captured(t, "sdrtrunk-call.http")
	start := bytes.Index(want, []byte("ID3"))
	end := bytes.LastIndex(want, []byte("\r\n--"+"--sdrtrunk"))
	if start < 0 || end < start {
		t.Fatal("no audio in the captured request")
	}
	e := NewEncoder("test-api-key")
	form, split := e.Append(nil, &Upload{Head: want[start : start+600], Call: Call{
		System: 11, Talkgroup: 5000, Time: time.Unix(1795471519, 0), Patches: []int64{52198, 52199},
		TalkgroupGroups: []string{"Fire"}, SystemLabel: "Own", AudioName: "20261123_101112.123.mp3",
	}})
	got := bytes.Join([][]byte{form[:split], want[start+600 : end], form[split:]}, nil)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("(-captured +encoded):\n%s", diff)
	}
	if want := "multipart/form-data; boundary=" + boundary; e.ContentType() != want {
		t.Errorf("content type %q, captured %q", e.ContentType(), want)
	}
}

func TestEncodeTestIsSDRTrunkByteForByte(t *testing.T) {
	_, want := captured(t, "sdrtrunk-connection-test.http")
	got := NewEncoder("test-api-key").AppendTest(nil, 11)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("(-captured +encoded):\n%s", diff)
	}
}

// What the encoder writes, the decoder reads.
func TestEncodeDecodeRoundTrip(t *testing.T) {
	audio := bytes.Repeat([]byte("\r\n--audio"), 1000)
	want := Call{
		System: 11, Talkgroup: 1001, Time: time.Date(2026, 11, 24, 8, 30, 15, 0, time.UTC), AudioName: "rs-abc-0000001.mp3",
		Frequency: 851_012_500, Source: 4_424_000, Patches: []int64{1002, 1003}, SystemLabel: "County – \"A\"",
		TalkgroupLabel: "FD Dispatch", TalkgroupGroups: []string{"Fire"}, TalkerAlias: "Engine 5",
	}
	form, split := NewEncoder("k").Append([]byte("left over")[:0], &Upload{Call: want, Head: audio[:100]})
	body := bytes.Join([][]byte{form[:split], audio[100:], form[split:]}, nil)
	var kept []byte
	f, err := ReadForm(bytes.NewReader(body), sdrtrunkBoundary, func(_ *Form, r io.Reader) (int64, error) {
		var err error
		kept, err = io.ReadAll(r)
		return int64(len(kept)), err
	})
	if err != nil {
		t.Fatal(err)
	}
	got, dropped, err := f.Call(want.Time)
	if err != nil || len(dropped) > 0 {
		t.Fatalf("error %v, dropped %v", err, dropped)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("call (-sent +read):\n%s", diff)
	}
	if !bytes.Equal(kept, audio) {
		t.Error("the audio has changed on its way")
	}
	if f.Key != "k" {
		t.Errorf("key %q", f.Key)
	}
}

func BenchmarkEncode(b *testing.B) {
	e := NewEncoder("test-api-key")
	u := Upload{Head: make([]byte, 600), Call: Call{
		System: 900, Talkgroup: 1001, Time: time.Unix(1795471519, 0), AudioName: "rs-abcdefgh-0000001.mp3", SystemLabel: "rdiostress",
	}}
	var form []byte
	b.ReportAllocs()
	for b.Loop() {
		form, _ = e.Append(form[:0], &u)
	}
}
