package mischief

import (
	"bufio"
	"bytes"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
)

const (
	testKey = "the-right-key"
	testRun = "abcd2345"
)

func testScenario(address string) *scenario.Scenario {
	return &scenario.Scenario{
		URL: address, Key: testKey, Timeout: 10 * time.Second, MaxConcurrent: 10, Rate: 10, Arrival: scenario.Constant,
		Duration: time.Hour,
		Total:    30_000, Systems: scenario.IDs{11, 12}, Talkgroups: scenario.IDs{1001, 1002, 1003}, Seed: 1,
	}
}

func testTraffic(t *testing.T, s *scenario.Scenario, start time.Time) *traffic.Traffic {
	t.Helper()
	clips, err := audio.NewMP3(0)
	if err != nil {
		t.Fatal(err)
	}
	return traffic.New(s, traffic.Options{RunID: testRun, Start: start, Clips: &traffic.Sources{rdio.SDRTrunk: clips}})
}

// made returns request n of a kind.
func made(t *testing.T, traffic *traffic.Traffic, k *kind, n uint64) (request, *upload.Request) {
	t.Helper()
	call := &upload.Request{}
	if !traffic.Extra(firstNumber+n, time.Duration(n)*time.Second, call) {
		t.Fatal("no call left")
	}
	u, _ := url.Parse("http://me:secret@localhost:3000/api/call-upload")
	m := &maker{
		url:   u,
		key:   testKey,
		runID: testRun,
		kind:  k.name,
		n:     n,
		now:   time.Now,
		rng:   rand.New(rand.NewPCG(1, n)),
		call:  call,
	}
	return k.make(m), call
}

// parts returns the form fields of a request, and the name and content of its audio; ok is false if it is no complete
// form.
func parts(t *testing.T, r request) (fields map[string]string, fileName string, content []byte, ok bool) {
	t.Helper()
	_, params, err := mime.ParseMediaType(headOf(t, r).Get("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return nil, "", nil, false
	}
	fields = make(map[string]string)
	for form := multipart.NewReader(bytes.NewReader(r.body), params["boundary"]); ; {
		part, err := form.NextRawPart()
		if err == io.EOF {
			return fields, fileName, content, true
		}
		if err != nil {
			return fields, fileName, content, false
		}
		value, err := io.ReadAll(part)
		if part.FormName() == "audio" {
			_, disposition, _ := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
			fileName, content = disposition["filename"], value
		} else {
			fields[part.FormName()] = string(value)
		}
		if err != nil {
			return fields, fileName, content, false
		}
	}
}

func headOf(t *testing.T, r request) http.Header {
	t.Helper()
	req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(r.head)))
	if err != nil {
		t.Fatalf("%v in %q", err, r.head)
	}
	if user, password, ok := req.BasicAuth(); !ok || user != "me" || password != "secret" {
		t.Errorf("user %q, password %q", user, password)
	}
	h := req.Header.Clone()
	h.Set("Content-Length", strconv.FormatInt(req.ContentLength, 10))
	return h
}

// No request that crashes servers is sent by accident: no call from the future, no quote in a name, no label without a
// number, no unknown system or talkgroup.
func TestHarmlessKindsHaveNoHazard(t *testing.T) {
	s := testScenario("http://localhost")
	for _, k := range kinds() {
		traffic := testTraffic(t, s, time.Now())
		for n := range uint64(20) {
			r, _ := made(t, traffic, &k, n)
			fields, fileName, _, _ := parts(t, r)
			var is []string
			if sec, err := strconv.ParseInt(fields["dateTime"], 10, 64); err == nil &&
				time.Unix(sec, 0).After(time.Now().Add(-time.Second)) {
				is = append(is, "future-time")
			}
			if strings.ContainsAny(fileName+fields["audioName"], `'"`) {
				is = append(is, "quote-in-name")
			}
			if fields["systemLabel"] != "" && fields["talkgroup"] == "" {
				is = append(is, "label-without-number")
			}
			if system, err := strconv.ParseInt(fields["system"], 10, 64); err == nil &&
				!slices.Contains(s.Systems, system) {
				is = append(is, "unknown-system")
			}
			if tg, err := strconv.ParseInt(fields["talkgroup"], 10, 64); err == nil &&
				!slices.Contains(s.Talkgroups, tg) {
				is = append(is, "unknown-talkgroup")
			}
			want := []string(nil)
			if k.hazard {
				want = []string{k.name}
			}
			if !slices.Equal(is, want) {
				t.Fatalf("%s %d is %v, want %v: %v", k.name, n, is, want, fields)
			}
		}
	}
}

// Every request can be recognised on the server, and is what its kind's name says.
func TestRequestsAreWhatTheyAreCalled(t *testing.T) {
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			r, call := made(t, testTraffic(t, testScenario("http://localhost"), time.Now()), &k, 7)
			fields, fileName, content, whole := parts(t, r)
			length := headOf(t, r).Get("Content-Length")
			announcedAll := length == strconv.Itoa(len(r.body))
			audio := call.Clip.Bytes([]byte(r.name))
			is := map[string]bool{
				"truncated": !whole && announcedAll && len(content) > 0 && len(content) < len(audio),
				"slow":      whole && r.over == 20*time.Second,
				"stalled":   !whole && !announcedAll && r.hold && !r.hangUp,
				"malformed": fields["key"] != testKey || !whole,
				"wrong-key": whole && fields["key"] == "wrong-"+testRun,
				"oversize": length == "4294967296" && r.fill == 128<<20 && !whole &&
					bytes.HasSuffix(r.body, audio),
				"abort":    !whole && !announcedAll && r.hangUp,
				"no-audio": whole && content == nil && fields["talkgroup"] != "",
				"bad-date": whole && strings.HasSuffix(fields["dateTime"], "UTC "+call.Time.Format("2006")),
				"garbage-audio": whole && len(content) == len(audio) &&
					!bytes.Contains(content, []byte(testRun)),
				"path-traversal": whole && strings.HasPrefix(fields["audioName"], "../../") &&
					strings.HasSuffix(fields["audioName"], "/tmp/"+r.name+".mp3"),
				"future-time":   whole,
				"quote-in-name": whole && strings.HasSuffix(fileName, "-o'clock.mp3"),
				"label-without-number": whole && fields["system"] == "" && fields["systemLabel"] != "" &&
					fields["talkgroupLabel"] != "",
				"unknown-system":    whole && fields["system"] == "98760007",
				"unknown-talkgroup": whole && fields["talkgroup"] == "98760007",
			}
			if !is[k.name] {
				t.Errorf(
					"it is not: whole %t, %s of %d bytes announced, fields %v, audio %q of %d bytes", whole, length,
					len(r.body), fields, fileName, len(content),
				)
			}
			if k.name != "malformed" && !strings.HasPrefix(fields["systemLabel"], "rdiostress") {
				t.Errorf("system label %q", fields["systemLabel"])
			}
			if k.name != "malformed" && k.name != "no-audio" &&
				!strings.Contains(fileName, "rs-"+testRun+"-bad-"+k.name+"-000007") {
				t.Errorf("the audio is called %q", fileName)
			}
			if k.name != "no-audio" && k.name != "malformed" && k.name != "garbage-audio" && k.name != "truncated" &&
				!bytes.Contains(r.body, audio[:len(audio)/2]) {
				t.Error("the audio is not in it")
			}
		})
	}
}

// Two malformed requests in a row are never broken in the same way.
func TestMalformedTakesTurns(t *testing.T) {
	traffic := testTraffic(t, testScenario("http://localhost"), time.Now())
	seen := make(map[string]bool)
	for n := range uint64(5) {
		r, _ := made(t, traffic, kindOf("malformed"), n)
		fields, _, _, whole := parts(t, r)
		if whole && fields["key"] == testKey {
			t.Errorf("request %d is in order", n)
		}
		seen[headOf(t, r).Get("Content-Type")+string(r.body[:20])] = true
	}
	if len(seen) < 4 {
		t.Errorf("only %d are different", len(seen))
	}
}
