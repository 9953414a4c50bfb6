package preflight

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/rdio"
)

// peer is a server that replies to uploads as a real server was seen to do.
type peer struct {
	key    string
	answer func(w http.ResponseWriter, f peerForm)

	mu    sync.Mutex
	calls []peerForm // that it was sent, in order
}

// peerForm is the part of an upload that a server reads.
type peerForm struct {
	path, key, system, label, talkgroup, date, sources, name string
	test                                                     bool
}

// start starts the server and returns its address. Other paths get the replies of a Go server.
func (p *peer) start(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseMultipartForm(1 << 20)
		f := peerForm{
			path: r.URL.Path, key: r.FormValue("key"), system: r.FormValue("system"), label: r.FormValue("systemLabel"),
			talkgroup: r.FormValue("talkgroup"), date: r.FormValue("dateTime"), sources: r.FormValue("sources"),
			test: r.FormValue("test") != "",
		}
		if r.MultipartForm != nil && len(r.MultipartForm.File["audio"]) > 0 {
			f.name = r.MultipartForm.File["audio"][0].Filename
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.calls = append(p.calls, f)
		p.answer(w, f)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// say replies with a status and a text.
func say(w http.ResponseWriter, status int, contentType, text string) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

const textPlain, inJSON = "text/plain; charset=utf-8", "application/json"

// trEngine is tr-engine 0.9.11: calls of a system label and talkgroup that begin within a window are duplicates, the
// form's dateTime is Unix seconds or 1970, and all below /api/v1 asks for a key before it says that it is not there.
func trEngine(window time.Duration) *peer {
	type place struct{ label, talkgroup string }
	stored := make(map[place][]int64)
	return &peer{key: "write-token", answer: func(w http.ResponseWriter, f peerForm) {
		switch {
		case !strings.HasPrefix(f.path, "/api/v1/"):
			http.NotFound(w, nil)
			return
		case f.key != "write-token" || f.path != rdio.TREnginePath:
			say(w, 401, inJSON, `{"code":"unauthorized","error":"unauthorized"}`)
			return
		case f.name == "" && f.label == "":
			say(w, 400, inJSON,
				`{"code":"bad_request","error":"unrecognized upload format: expected rdio-scanner or OpenMHz fields"}`)
			return
		case f.label == "":
			f.label = f.system
		}
		date, _ := strconv.ParseInt(f.date, 10, 64)
		at := place{f.label, f.talkgroup}
		for i, other := range stored[at] {
			if apart := time.Duration(date-other) * time.Second; apart.Abs() <= window {
				say(w, 409, inJSON, fmt.Sprintf(
					`{"code":"duplicate","error":"duplicate call: call_id=%d already exists `+
						`for system=1 tgid=%s start_time=%d"}`, i, f.talkgroup, date))
				return
			}
		}
		stored[at] = append(stored[at], date)
		say(w, 201, inJSON,
			fmt.Sprintf(`{"call_id":%d,"system_id":1,"tgid":%s,"start_time":"%s","audio_file_path":"x"}`,
				len(stored[at]), f.talkgroup, time.Unix(date, 0).UTC().Format(time.RFC3339)))
	}}
}

// sdrAPI is sdrtrunk-rdio-api 0.1.0: it knows no duplicates and one address, and fails over lists of objects and
// dates in words.
func sdrAPI() *peer {
	return &peer{key: "k", answer: func(w http.ResponseWriter, f peerForm) {
		_, err := strconv.ParseInt(f.date, 10, 64)
		switch {
		case f.path != rdio.UploadPath:
			say(w, 404, inJSON, `{"detail":"Not Found"}`)
		case f.test:
			say(w, 200, textPlain, "incomplete call data: no talkgroup")
		case f.key != "k":
			say(w, 401, inJSON, `{"detail":"Invalid API key"}`)
		case err != nil, strings.Contains(f.sources, "{"):
			say(w, 500, inJSON, `{"detail":"Internal server error"}`)
		default:
			say(w, 200, textPlain, rdio.PhraseImported)
		}
	}}
}

// rdioScanner is one of rdio-scanner's line, by how it misses what a connection test lacks. A duplicate gets the same
// 200 as any call.
func rdioScanner(test string) *peer {
	return &peer{key: "k", answer: func(w http.ResponseWriter, f peerForm) {
		switch {
		case f.path != rdio.UploadPath && f.path != rdio.TrunkRecorderPath:
			say(w, 200, "text/html", "<html>the web application</html>")
		case f.test:
			say(w, 417, textPlain, test)
		case f.key != "k":
			say(w, 401, textPlain, "Invalid API key for system <nil> talkgroup <nil>.\n")
		default:
			say(w, 200, textPlain, rdio.PhraseImported+"\n")
		}
	}}
}

const (
	noAudio     = "Incomplete call data: no audio\n\n"     // rdio-scanner 7
	noTalkgroup = "Incomplete call data: no talkgroup\n\n" // rdio-scanner 6
)

// bundledServer is the server of rdiostress serve.
func bundledServer(window time.Duration) *peer {
	var stored []int64
	return &peer{key: "k", answer: func(w http.ResponseWriter, f peerForm) {
		date, _ := strconv.ParseInt(f.date, 10, 64)
		switch {
		case f.key != "k":
			say(w, 401, textPlain, "Invalid API key\n")
			return
		case f.test:
			w.Header().Set("Server", "rdiostress")
			say(w, 200, textPlain, rdio.PhraseTest+"\n")
			return
		}
		for _, other := range stored {
			if apart := time.Duration(date-other) * time.Second; apart.Abs() <= window {
				say(w, 200, textPlain, rdio.PhraseDuplicate+"\n")
				return
			}
		}
		stored = append(stored, date)
		say(w, 200, textPlain, rdio.PhraseImported+"\n")
	}}
}
