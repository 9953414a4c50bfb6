package upload_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
)

// One call, sent to a server that is busy.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "busy with talkgroup "+r.FormValue("talkgroup"), http.StatusServiceUnavailable)
	}))
	defer server.Close()

	s := &scenario.Scenario{URL: server.URL, Key: "key", Timeout: time.Minute, MaxConcurrent: 1}
	target, err := upload.NewHTTPTarget(s, upload.ConnectOptions{KeepAlive: true})
	if err != nil {
		panic(err)
	}
	defer target.Close()

	r := upload.Request{Client: rdio.SDRTrunk}
	r.Call = rdio.Call{System: 11, Talkgroup: 1001, Time: time.Now()}
	r.Fill("run", 0, audio.Clip{Body: []byte("audio"), Type: "audio/mpeg", Ext: ".mp3"})

	u := target.Uploader()
	defer u.Close()
	a := u.Upload(context.Background(), &r)
	fmt.Println(a.Class, a.ReplyText())
	// Output: http_status 503 busy with talkgroup 1001
}
