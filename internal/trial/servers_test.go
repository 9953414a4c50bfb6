package trial

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/preflight"
	"rdiostress/internal/scenario"
)

// What one of several servers needs, all get; what only one answers is said with its address.
func TestLearnedOfServersIsJoined(t *testing.T) {
	one := joinLearned([]preflight.Learned{
		{
			Server: "A", Milliseconds: true, Accepted: 2, Warnings: []string{"slow"},
			FirstReplies: []measure.FirstReply{{Client: "sdrtrunk", Accepted: true}},
		},
		{
			Learns: true, AcknowledgesFirst: true, DuplicateWindow: time.Minute, Accepted: 1,
			FirstReplies: []measure.FirstReply{
				{Client: "sdrtrunk", Accepted: true}, {Client: "trunk-recorder", Status: 500},
			},
		},
	}, []string{"http://a", "http://b"})
	if !one.Learns || one.Milliseconds || !one.AcknowledgesFirst || one.DuplicateWindow != time.Minute ||
		one.Accepted != 3 || len(one.FirstReplies) != 2 {
		t.Errorf("%+v", one)
	}
	want := []string{
		"http://a: slow",
		"the servers are of different kinds: http://a is A, http://b is one that is not recognised",
	}
	if !slices.Equal(one.Warnings, want) {
		t.Errorf("%q", one.Warnings)
	}
	if alone := joinLearned([]preflight.Learned{{Warnings: want[:1]}}, nil); !slices.Equal(alone.Warnings, want[:1]) {
		t.Errorf("%q", alone.Warnings)
	}
}

// A list of calls that the first server does not give any more is asked of the next one.
func TestAnotherServerIsAsked(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	var asked string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Host + r.URL.String()
		_, _ = io.WriteString(w, "listed")
	}))
	defer other.Close()
	s := scenario.Scenario{URL: gone.URL + "/api/call-upload", MoreURLs: []string{other.URL + "/calls"}}
	pages := pagesOf(&http.Client{Transport: &http.Transport{}}, &s)
	defer pages.CloseIdleConnections()
	gone.Close()
	resp, err := pages.Get(gone.URL + "/api/calls?page=1")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if want := strings.TrimPrefix(other.URL, "http://") + "/calls/api/calls?page=1"; err != nil ||
		string(text) != "listed" || asked != want {
		t.Errorf("%q, %v: asked for %s, not %s", text, err, asked, want)
	}
	if _, err := pages.Get(strings.Replace(gone.URL, "127.0.0.1", "127.0.0.2", 1)); err == nil {
		t.Error("what is elsewhere is asked of a server")
	}
}
